import type { Pressure } from './event-stats.ts';
import type { CgroupLayout } from './layout.ts';
import { sampleV1 } from './sample-v1.ts';
import { sampleV2 } from './sample-v2.ts';

/**
 * What is asked of every cgroup every few seconds, from as few files as it takes. Nanoseconds and bytes; what the
 * machine does not count is 0 or left out.
 */
export interface CgroupSample {
  /** Processor time since the cgroup was made. */
  readonly cpu: bigint;
  readonly memory: MemorySample;
  /** Left out where swap is not counted. */
  readonly swap?: { readonly usage: bigint; readonly limit?: bigint };
  /** Tasks: threads count too. */
  readonly tasks: bigint;
  /** v2 alone; parts are left out where the kernel has no PSI. */
  readonly pressure?: PressureSample;
}

export interface MemorySample {
  readonly usage: bigint;
  /** Of this cgroup itself; left out when it has none. */
  readonly limit?: bigint;
  /** Page cache that is given back first: the working set is the usage without it. */
  readonly inactiveFile: bigint;
  readonly anonymous: bigint;
  readonly pageFaults: bigint;
  readonly majorPageFaults: bigint;
}

export interface PressureSample {
  readonly cpu?: Pressure;
  readonly memory?: Pressure;
  readonly io?: Pressure;
}

/** Undefined when there is no such cgroup (any more). */
export function sampleCgroup(layout: CgroupLayout, path: string): CgroupSample | undefined {
  return layout.version === 1 ? sampleV1(layout, path) : sampleV2(layout, path);
}
