import { cgroupFolder } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { statsV1 } from './stats-v1.ts';
import { statsV2 } from './stats-v2.ts';

/**
 * What a container uses, the same for v1 and v2. Times are nanoseconds, sizes bytes. Numbers are
 * doubles: above 2^53 (104 days of processor time) the last nanoseconds are rounded.
 */
export interface CgroupStats {
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly pids: { readonly current: number; readonly limit?: number };
  /** One entry a block device that was used. */
  readonly io: readonly IoStats[];
}

export interface CpuStats {
  readonly usage: number;
  readonly user: number;
  readonly system: number;
  /** Periods of the quota that have passed, those in which it was used up, and the time lost. */
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttled: number;
}

export interface MemoryStats {
  readonly usage: number;
  /** The highest usage ever; v2 has it since Linux 5.19. */
  readonly peak?: number;
  /** Left out when there is none. */
  readonly limit?: number;
  /** Page cache, and the part of it that is given back first: docker shows usage less that part. */
  readonly cache: number;
  readonly inactiveFile: number;
  readonly anonymous: number;
  readonly swap: number;
  /** How often the limit was hit. */
  readonly failures: number;
  /** All of memory.stat by the kernel's names (v1: the `total_` ones without the prefix). */
  readonly detail: Readonly<Record<string, number>>;
}

export interface IoStats {
  readonly major: number;
  readonly minor: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** Zeros for whatever is not there: a controller may be missing, the container may be gone. */
export async function readStats(layout: CgroupLayout, path: string): Promise<CgroupStats> {
  if (layout.version === 1) return await statsV1(layout, path);
  return await statsV2(cgroupFolder(layout.unified ?? '/sys/fs/cgroup', path));
}
