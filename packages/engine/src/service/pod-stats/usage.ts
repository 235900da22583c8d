import { totalmem } from 'node:os';
import type { PressureSample, CgroupSample } from '@berth/runtime/cgroup/sample';
import type { Pressure } from '@berth/runtime/cgroup/event-stats';
import type { ContainerUsage, CpuUse, MemoryUse, Psi } from './contract.ts';

export type CgroupUse = Pick<ContainerUsage, 'cpu' | 'memory' | 'swap' | 'io'>;

/** What a container has that is made and does not run: it used nothing yet, which is not the same as unknown. */
export const nothing: CgroupSample = {
  cpu: 0n,
  memory: { usage: 0n, inactiveFile: 0n, anonymous: 0n, pageFaults: 0n, majorPageFaults: 0n },
  tasks: 0n,
};

/** What is the same for all samples of a call. */
export interface Moment {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** Bytes of swap that the machine has. */
  readonly swapTotal: bigint;
}

/** A sample in the words of the contract. */
export function cgroupUse(sample: CgroupSample, moment: Moment, nanoCores: bigint | undefined): CgroupUse {
  const { pressure = {} } = sample;
  const { at } = moment;
  const swap = swapUse(sample, moment);
  return {
    cpu: cpuUse(sample, at, nanoCores),
    memory: memoryUse(sample, at),
    ...(swap === undefined ? {} : { swap }),
    ...(pressure.io === undefined ? {} : { io: { at, ...psiOf(pressure, 'io') } }),
  };
}

/** What several cgroups use together, of a pod that has none of its own. Limits and pressure have no sum. */
export function sumOf(samples: readonly CgroupSample[]): CgroupSample {
  const sum = (pick: (sample: CgroupSample) => bigint): bigint => samples.reduce((all, one) => all + pick(one), 0n);
  return {
    cpu: sum(({ cpu }) => cpu),
    memory: {
      usage: sum(({ memory }) => memory.usage),
      inactiveFile: sum(({ memory }) => memory.inactiveFile),
      anonymous: sum(({ memory }) => memory.anonymous),
      pageFaults: sum(({ memory }) => memory.pageFaults),
      majorPageFaults: sum(({ memory }) => memory.majorPageFaults),
    },
    tasks: sum(({ tasks }) => tasks),
  };
}

function cpuUse({ cpu, pressure = {} }: CgroupSample, at: bigint, nanoCores: bigint | undefined): CpuUse {
  return { at, usage: cpu, ...(nanoCores === undefined ? {} : { nanoCores }), ...psiOf(pressure, 'cpu') };
}

function memoryUse({ memory, pressure = {} }: CgroupSample, at: bigint): MemoryUse {
  const workingSet = memory.usage > memory.inactiveFile ? memory.usage - memory.inactiveFile : 0n;
  const { limit, usage, anonymous, pageFaults, majorPageFaults } = memory;
  // A limit above all of the machine's memory limits nothing.
  const isLimited = limit !== undefined && limit < BigInt(totalmem());
  return {
    at,
    workingSet,
    ...(isLimited ? { available: limit > workingSet ? limit - workingSet : 0n } : {}),
    usage,
    rss: anonymous,
    pageFaults,
    majorPageFaults,
    ...psiOf(pressure, 'memory'),
  };
}

function swapUse({ swap }: CgroupSample, { at, swapTotal }: Moment): ContainerUsage['swap'] {
  if (swap === undefined) return undefined;
  const { usage } = swap;
  const limit = swap.limit === undefined || swap.limit > swapTotal ? swapTotal : swap.limit;
  return { at, usage, available: limit > usage ? limit - usage : 0n };
}

function psiOf(pressure: PressureSample, of: keyof PressureSample): { readonly psi?: Psi } {
  const found: Pressure | undefined = pressure[of];
  return found === undefined ? {} : { psi: found };
}
