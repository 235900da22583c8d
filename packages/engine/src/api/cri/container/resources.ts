import { create } from '@bufbuild/protobuf';
import type { Resources } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { text, wholeNumber } from '../field.ts';

/** -1 means "no limit" where the kernel has such a thing. */
const orUnlimited = { least: -1 };

/** Absent resources are those of an empty message: nothing is specified. @throws invalid_argument naming the field */
export function resources(given: wire.LinuxContainerResources | undefined, path: string): Resources {
  const wished = given ?? create(wire.LinuxContainerResourcesSchema);
  return {
    cpuPeriod: wholeNumber(wished.cpuPeriod, `${path}.cpu_period`),
    cpuQuota: wholeNumber(wished.cpuQuota, `${path}.cpu_quota`, orUnlimited),
    cpuShares: wholeNumber(wished.cpuShares, `${path}.cpu_shares`),
    memoryLimit: wholeNumber(wished.memoryLimitInBytes, `${path}.memory_limit_in_bytes`, orUnlimited),
    memorySwapLimit: wholeNumber(wished.memorySwapLimitInBytes, `${path}.memory_swap_limit_in_bytes`, orUnlimited),
    oomScoreAdj: wholeNumber(wished.oomScoreAdj, `${path}.oom_score_adj`, { least: -1000, most: 1000 }),
    cpusetCpus: text(wished.cpusetCpus, `${path}.cpuset_cpus`),
    cpusetMems: text(wished.cpusetMems, `${path}.cpuset_mems`),
    hugepageLimits: wished.hugepageLimits.map(({ pageSize, limit }, at) => ({
      pageSize: text(pageSize, `${path}.hugepage_limits[${at}].page_size`),
      limit: wholeNumber(limit, `${path}.hugepage_limits[${at}].limit`),
    })),
    unified: wished.unified,
  };
}

/** A pod's own, which are only told: kubelet has set them in the pod's cgroup. @param prefix of the fields' paths */
export function podResources(
  given: {
    readonly overhead?: wire.LinuxContainerResources | undefined;
    readonly resources?: wire.LinuxContainerResources | undefined;
  },
  prefix: string,
): { readonly overhead?: Resources; readonly resources?: Resources } {
  return {
    ...(given.overhead === undefined ? {} : { overhead: resources(given.overhead, `${prefix}overhead`) }),
    ...(given.resources === undefined ? {} : { resources: resources(given.resources, `${prefix}resources`) }),
  };
}

/** The way back, for answers. */
export function resourcesMessage(now: Resources) {
  return {
    cpuPeriod: BigInt(now.cpuPeriod),
    cpuQuota: BigInt(now.cpuQuota),
    cpuShares: BigInt(now.cpuShares),
    memoryLimitInBytes: BigInt(now.memoryLimit),
    memorySwapLimitInBytes: BigInt(now.memorySwapLimit),
    oomScoreAdj: BigInt(now.oomScoreAdj),
    cpusetCpus: now.cpusetCpus,
    cpusetMems: now.cpusetMems,
    hugepageLimits: now.hugepageLimits.map(({ pageSize, limit }) => ({ pageSize, limit: BigInt(limit) })),
    unified: now.unified,
  };
}
