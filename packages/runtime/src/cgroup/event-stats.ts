import { readFileSync } from 'node:fs';
import { coreStatsV1, eventStatsV1 } from './event-stats-v1.ts';
import { coreStatsV2, eventStatsV2 } from './event-stats-v2.ts';
import type { CgroupLayout } from './layout.ts';

/**
 * What `events --stats` prints as `data`, by the names of runc's documented form. Whole numbers of the kernel are bigints:
 * "no limit" and counters of bytes go beyond 2^53. Times are nanoseconds, sizes bytes; what the machine does not have
 * is 0 or left out.
 */
export interface EventStats {
  readonly cpu: EventCpu;
  readonly cpuset?: Readonly<Record<string, bigint | readonly number[]>>;
  readonly memory: EventMemory;
  /** A limit of 0 is none. */
  readonly pids: { readonly current: bigint; readonly limit: bigint };
  readonly blkio: EventBlkio;
  /** By page size, `2MB`. */
  readonly hugetlb: Readonly<
    Record<string, { readonly usage: bigint; readonly max: bigint; readonly failcnt: bigint }>
  >;
  /** Not in runc's form, which has no place for it. */
  readonly rdma?: { readonly current: readonly RdmaEntry[]; readonly limit: readonly RdmaEntry[] };
  readonly intel_rdt: object;
  readonly network_interfaces: readonly NetworkInterface[] | null;
}

/** What can be asked of hundreds of cgroups in one go: without what each processor and each part of a cpuset is. */
export type CoreStats = Pick<EventStats, 'cpu' | 'memory' | 'pids' | 'blkio' | 'hugetlb'>;

export interface EventCpu {
  readonly usage: {
    readonly total: bigint;
    readonly percpu?: readonly bigint[];
    readonly percpu_kernel?: readonly bigint[];
    readonly percpu_user?: readonly bigint[];
    readonly kernel: bigint;
    readonly user: bigint;
  };
  readonly throttling: { readonly periods: bigint; readonly throttledPeriods: bigint; readonly throttledTime: bigint };
  readonly psi?: Pressure;
}

export interface MemoryEntry {
  readonly limit: bigint;
  readonly usage: bigint;
  readonly max: bigint;
  readonly failcnt: bigint;
}

export interface EventMemory {
  readonly cache: bigint;
  readonly usage: MemoryEntry;
  /** Memory plus swap. */
  readonly swap: MemoryEntry;
  readonly kernel: MemoryEntry;
  readonly kernelTCP: MemoryEntry;
  /** memory.stat. */
  readonly raw: Readonly<Record<string, bigint>>;
  readonly psi?: Pressure;
}

export interface BlkioEntry {
  readonly major: bigint;
  readonly minor: bigint;
  /** Read, Write, Sync, Async, Discard, Total; left out in tables without operations. */
  readonly op?: string;
  readonly value: bigint;
}

export type BlkioTable =
  | 'ioServiceBytesRecursive'
  | 'ioServicedRecursive'
  | 'ioQueueRecursive'
  | 'ioServiceTimeRecursive'
  | 'ioWaitTimeRecursive'
  | 'ioMergedRecursive'
  | 'ioTimeRecursive'
  | 'sectorsRecursive';

export type EventBlkio = { readonly [T in BlkioTable]?: readonly BlkioEntry[] } & { readonly psi?: Pressure };

export interface RdmaEntry {
  readonly device: string;
  readonly hca_handles: bigint;
  readonly hca_objects: bigint;
}

/** Pressure stall information, kernel Documentation/accounting/psi.rst: percents, and microseconds in total. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: bigint;
}

/** By the names that runc's form has. */
export interface NetworkInterface {
  readonly Name: string;
  readonly RxBytes: bigint;
  readonly RxPackets: bigint;
  readonly RxErrors: bigint;
  readonly RxDropped: bigint;
  readonly TxBytes: bigint;
  readonly TxPackets: bigint;
  readonly TxErrors: bigint;
  readonly TxDropped: bigint;
}

/** All that the container's cgroup tells; zeros for a controller that is missing or a container that is gone. */
export async function readEventStats(layout: CgroupLayout, path: string): Promise<EventStats> {
  return layout.version === 1 ? await eventStatsV1(layout, path) : await eventStatsV2(layout, path);
}

/** As `readEventStats`. */
export async function readCoreStats(layout: CgroupLayout, path: string): Promise<CoreStats> {
  return layout.version === 1 ? await coreStatsV1(layout, path) : await coreStatsV2(layout, path);
}

/** The interfaces of a process's network namespace but `lo`, proc_pid_net(5). Throws ENOENT when the process is gone. */
export function readNetworkInterfaces(pid: number, file = `/proc/${pid}/net/dev`): NetworkInterface[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(2)
    .flatMap((line): NetworkInterface[] => {
      const [, name, rest = ''] = /^\s*(.+):\s*(.*)$/.exec(line) ?? [];
      if (name === undefined || name === 'lo') return [];
      const n = rest.split(/\s+/).map(BigInt);
      const at = (index: number) => n[index] ?? 0n;
      return [
        {
          Name: name,
          RxBytes: at(0),
          RxPackets: at(1),
          RxErrors: at(2),
          RxDropped: at(3),
          TxBytes: at(8),
          TxPackets: at(9),
          TxErrors: at(10),
          TxDropped: at(11),
        },
      ];
    });
}

/** One line of `events`: `{"type":...,"id":...,"data":...}`, bigints as plain digits. */
export function eventLine(type: string, id: string, data?: unknown): string {
  return JSON.stringify({ type, id, data }, (_, value: unknown) =>
    typeof value === 'bigint' ? json.rawJSON(String(value)) : value,
  );
}

/** In V8 since Node 22; not yet in TypeScript's library. */
const json = JSON as unknown as { rawJSON(text: string): unknown };
