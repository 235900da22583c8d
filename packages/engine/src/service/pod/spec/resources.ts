import type { Resources } from '@berth/model/pod-config';
import type { CpuSpec, MemorySpec, ResourcesSpec } from '@berth/model/runtime-spec';
import { badField } from './field-error.ts';

/**
 * Limits in the spec's words; what is not specified is left out. A memory limit without a word about swap is one without
 * swap, as kubelet expects: a container that may swap says how much.
 * @throws invalid_argument
 */
export function resourcesSpec(resources: Resources, host: { readonly hugepages: boolean }): ResourcesSpec {
  check(resources);
  const cpu = cpuOf(resources);
  const memory = memoryOf(resources);
  const { hugepageLimits, unified } = resources;
  return {
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    // kubelet limits every page size to 0 that a pod does not ask for: nothing is lost where nobody could have any.
    ...(hugepageLimits.length === 0 || !host.hugepages ? {} : { hugepageLimits }),
    ...(Object.keys(unified).length === 0 ? {} : { unified }),
  };
}

function cpuOf({ cpuShares, cpuQuota, cpuPeriod, cpusetCpus, cpusetMems }: Resources): CpuSpec {
  return {
    ...(cpuShares === 0 ? {} : { shares: cpuShares }),
    ...(cpuQuota === 0 ? {} : { quota: cpuQuota }),
    ...(cpuPeriod === 0 ? {} : { period: cpuPeriod }),
    ...(cpusetCpus === '' ? {} : { cpus: cpusetCpus }),
    ...(cpusetMems === '' ? {} : { mems: cpusetMems }),
  };
}

function memoryOf({ memoryLimit, memorySwapLimit }: Resources): MemorySpec {
  const swap = memorySwapLimit || memoryLimit;
  return {
    ...(memoryLimit === 0 ? {} : { limit: memoryLimit }),
    ...(swap === 0 ? {} : { swap }),
  };
}

const least = {
  cpuPeriod: ['cpu_period', 0],
  cpuQuota: ['cpu_quota', -1],
  cpuShares: ['cpu_shares', 0],
  memoryLimit: ['memory_limit_in_bytes', -1],
  memorySwapLimit: ['memory_swap_limit_in_bytes', -1],
  oomScoreAdj: ['oom_score_adj', -1000],
} as const;

function check(resources: Resources): void {
  for (const [name, [field, bound]] of Object.entries(least)) {
    const value = resources[name as keyof typeof least];
    if (!Number.isSafeInteger(value) || value < bound)
      throw badField(`linux.resources.${field}`, `${value} is no limit`);
  }
  const { memoryLimit, memorySwapLimit, oomScoreAdj } = resources;
  if (memorySwapLimit > 0 && memoryLimit > memorySwapLimit) {
    throw badField('linux.resources.memory_swap_limit_in_bytes', `memory and swap together are below the memory alone`);
  }
  if (oomScoreAdj > 1000) throw badField('linux.resources.oom_score_adj', `not between -1000 and 1000: ${oomScoreAdj}`);
  for (const [index, { pageSize, limit }] of resources.hugepageLimits.entries()) {
    const where = `linux.resources.hugepage_limits[${index}]`;
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize)) throw badField(`${where}.page_size`, `not like 2MB: '${pageSize}'`);
    if (!Number.isSafeInteger(limit) || limit < 0) throw badField(`${where}.limit`, `${limit} is no limit`);
  }
}
