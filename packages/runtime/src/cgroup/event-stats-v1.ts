import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { errnoName } from '@berth/model/error';
import { readText } from './cgroup-file.ts';
import { readBig, readBigIfThere, readBigKeyed, readBigRow, readRdma, unlimited } from './event-file.ts';
import type {
  BlkioEntry,
  BlkioTable,
  CoreStats,
  EventCpu,
  EventMemory,
  EventStats,
  MemoryEntry,
} from './event-stats.ts';
import { cgroupFile } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

type FileOf = (name: string) => string;

/** From the files of kernel Documentation/admin-guide/cgroup-v1. */
export async function eventStatsV1(layout: CgroupLayout, path: string): Promise<EventStats> {
  const file: FileOf = (name) => cgroupFile(layout, path, name);
  const core = await coreStatsV1(layout, path);
  const rdma = { current: await readRdma(file('rdma.current')), limit: await readRdma(file('rdma.max')) };
  return {
    ...core,
    cpu: { ...core.cpu, usage: { ...core.cpu.usage, ...(await perProcessor(file)) } },
    cpuset: await cpuset(file),
    ...(rdma.limit.length === 0 ? {} : { rdma }),
    intel_rdt: {},
    network_interfaces: null,
  };
}

export async function coreStatsV1(layout: CgroupLayout, path: string): Promise<CoreStats> {
  const file: FileOf = (name) => cgroupFile(layout, path, name);
  const limit = await readBig(file('pids.max'));
  return {
    cpu: await cpu(file),
    memory: await memory(file),
    pids: { current: await readBig(file('pids.current')), limit: limit === unlimited ? 0n : limit },
    blkio: await blkio(file),
    hugetlb: await hugetlb(file),
  };
}

async function perProcessor(file: FileOf): Promise<Partial<EventCpu['usage']>> {
  // A header, then `cpu user system` a line.
  const rows = ((await readText(file('cpuacct.usage_all'))) ?? '').split('\n').slice(1);
  const columns = rows.map((row) => row.split(' ').map(BigInt));
  const percpu = await readBigRow(file('cpuacct.usage_percpu'));
  return {
    ...(percpu.length === 0 ? {} : { percpu }),
    ...(columns.length === 0 ? {} : { percpu_kernel: columns.map((row) => row[2] ?? 0n) }),
    ...(columns.length === 0 ? {} : { percpu_user: columns.map((row) => row[1] ?? 0n) }),
  };
}

async function cpu(file: FileOf): Promise<EventCpu> {
  const stat = await readBigKeyed(file('cpu.stat'));
  return {
    usage: {
      total: await readBig(file('cpuacct.usage')),
      kernel: await readBig(file('cpuacct.usage_sys')),
      user: await readBig(file('cpuacct.usage_user')),
    },
    throttling: {
      periods: stat.nr_periods ?? 0n,
      throttledPeriods: stat.nr_throttled ?? 0n,
      throttledTime: stat.throttled_time ?? 0n,
    },
  };
}

const cpusetNumbers = [
  'cpu_exclusive',
  'mem_hardwall',
  'mem_exclusive',
  'memory_migrate',
  'memory_spread_page',
  'memory_spread_slab',
  'memory_pressure',
  'sched_load_balance',
  'sched_relax_domain_level',
];

async function cpuset(file: FileOf): Promise<NonNullable<EventStats['cpuset']>> {
  const found: Record<string, bigint | readonly number[]> = {
    cpus: expand((await readText(file('cpuset.cpus'))) ?? ''),
    mems: expand((await readText(file('cpuset.mems'))) ?? ''),
  };
  for (const name of cpusetNumbers) found[name] = await readBig(file(`cpuset.${name}`));
  return found;
}

/** `0-2,5` as numbers. */
function expand(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    if (part === '' || first === undefined || last === undefined) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

async function memory(file: FileOf): Promise<EventMemory> {
  const raw = await readBigKeyed(file('memory.stat'));
  return {
    cache: raw.cache ?? 0n,
    usage: await entry(file, 'memory'),
    swap: await entry(file, 'memory.memsw'),
    kernel: await entry(file, 'memory.kmem'),
    kernelTCP: await entry(file, 'memory.kmem.tcp'),
    raw,
  };
}

async function entry(file: FileOf, prefix: string): Promise<MemoryEntry> {
  return {
    limit: await readBig(file(`${prefix}.limit_in_bytes`)),
    usage: await readBig(file(`${prefix}.usage_in_bytes`)),
    max: await readBig(file(`${prefix}.max_usage_in_bytes`)),
    failcnt: await readBig(file(`${prefix}.failcnt`)),
  };
}

const tables: readonly (readonly [BlkioTable, string])[] = [
  ['ioServiceBytesRecursive', 'io_service_bytes'],
  ['ioServicedRecursive', 'io_serviced'],
  ['ioQueueRecursive', 'io_queued'],
  ['ioServiceTimeRecursive', 'io_service_time'],
  ['ioWaitTimeRecursive', 'io_wait_time'],
  ['ioMergedRecursive', 'io_merged'],
  ['ioTimeRecursive', 'time'],
  ['sectorsRecursive', 'sectors'],
];

/**
 * BFQ counts what went through it, and throttling counts everything; the old CFQ had names without a prefix. The first
 * that has counted something is taken, table by table.
 */
async function blkio(file: FileOf): Promise<EventStats['blkio']> {
  const found: Partial<Record<BlkioTable, BlkioEntry[]>> = {};
  const there = namesIn(folderOf(file, 'blkio'));
  for (const [table, name] of tables) {
    const candidates = [`bfq.${name}_recursive`, `${name}_recursive`, `throttle.${name}_recursive`, `throttle.${name}`];
    for (const candidate of candidates) {
      // Most are not: to try them all would take longer than to read those that are.
      if (!there.includes(`blkio.${candidate}`)) continue;
      const entries = parseTable((await readText(file(`blkio.${candidate}`))) ?? '');
      if (entries.length > 0) found[table] ??= entries;
    }
  }
  return found;
}

/** Lines of `8:0 Read 4096` or `8:0 4096`, and a `Total 4096` without a device. */
function parseTable(text: string): BlkioEntry[] {
  return text.split('\n').flatMap((line): BlkioEntry[] => {
    const [, major, minor, op, value] = /^([0-9]+):([0-9]+) (?:([A-Za-z]+) )?([0-9]+)$/.exec(line) ?? [];
    if (major === undefined || minor === undefined || value === undefined) return [];
    return [{ major: BigInt(major), minor: BigInt(minor), ...(op ? { op } : {}), value: BigInt(value) }];
  });
}

/** What is reserved counts where the kernel knows it: a fault on it cannot fail any more. */
async function hugetlb(file: FileOf): Promise<EventStats['hugetlb']> {
  const found: Record<string, { usage: bigint; max: bigint; failcnt: bigint }> = {};
  for (const size of pageSizes(folderOf(file, 'hugetlb'), 'limit_in_bytes')) {
    const reserved = await readBigIfThere(file(`hugetlb.${size}.rsvd.usage_in_bytes`));
    const prefix = `hugetlb.${size}${reserved === undefined ? '' : '.rsvd'}`;
    found[size] = {
      usage: reserved ?? (await readBig(file(`${prefix}.usage_in_bytes`))),
      max: await readBig(file(`${prefix}.max_usage_in_bytes`)),
      failcnt: await readBig(file(`${prefix}.failcnt`)),
    };
  }
  return found;
}

/** From the names of the files: the kernel has one set for each size it knows. */
export function pageSizes(folder: string, suffix: string): string[] {
  const pattern = new RegExp(`^hugetlb\\.([0-9]+[KMG]B)\\.${suffix}$`);
  return namesIn(folder).flatMap((name) => pattern.exec(name)?.[1] ?? []);
}

function folderOf(file: FileOf, controller: string): string {
  return posix.dirname(file(`${controller}.x`));
}

/** Nothing of a controller that is missing, or a cgroup that is gone. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
