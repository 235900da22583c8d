import type { DeviceRule, ResourcesSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import type { ContainerSpecInput } from './container-spec-input.ts';
import { deviceRules } from './docker.ts';

/** Microseconds in a scheduling period; the kernel's own default, and docker's for `--cpus`. */
const usualPeriod = 100_000;

/** Limits in the spec's words; what was not asked for is left out. */
export function resources(input: ContainerSpecInput): ResourcesSpec {
  const memory = memoryOf(input);
  const cpu = cpuOf(input);
  const { pidsLimit } = input;
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pidsLimit === undefined || pidsLimit === 0 ? {} : { pids: { limit: pidsLimit } }),
  };
}

/** Privileged containers may use every device. */
export function deviceRulesOf(input: ContainerSpecInput): readonly DeviceRule[] {
  if (input.privileged) return [{ allow: true, access: 'rwm' }];
  const own = (input.devices ?? []).flatMap(({ type, major, minor }): DeviceRule[] =>
    type === 'p' || major === undefined || minor === undefined
      ? []
      : [{ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access: 'rwm' }],
  );
  return [...deviceRules, ...own, ...(input.deviceRules ?? [])];
}

function memoryOf(input: ContainerSpecInput): NonNullable<ResourcesSpec['memory']> {
  const { memory, memorySwap, memoryReservation, oomKillDisable } = input;
  // docker: a limit without a word about swap allows as much swap again.
  const swap = memorySwap || (memory && memory > 0 ? 2 * memory : undefined);
  return {
    ...(memory ? { limit: memory } : {}),
    ...(swap ? { swap } : {}),
    ...(memoryReservation ? { reservation: memoryReservation } : {}),
    ...(oomKillDisable ? { disableOOMKiller: true } : {}),
  };
}

function cpuOf(input: ContainerSpecInput): NonNullable<ResourcesSpec['cpu']> {
  const { nanoCpus, cpuQuota, cpuPeriod, cpuShares, cpusetCpus, cpusetMems } = input;
  if (nanoCpus && (cpuQuota || cpuPeriod)) {
    throw invalid('nanoCpus', 'cannot be given together with a quota or period');
  }
  const quota = nanoCpus ? Math.round((nanoCpus * usualPeriod) / 1e9) : cpuQuota;
  const period = nanoCpus ? usualPeriod : cpuPeriod;
  return {
    ...(cpuShares ? { shares: cpuShares } : {}),
    ...(quota ? { quota } : {}),
    ...(period ? { period } : {}),
    ...(cpusetCpus ? { cpus: cpusetCpus } : {}),
    ...(cpusetMems ? { mems: cpusetMems } : {}),
  };
}
