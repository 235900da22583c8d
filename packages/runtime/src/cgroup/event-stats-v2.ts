import { readText } from './cgroup-file.ts';
import { noMemory, readBig, readBigIfThere, readBigKeyed, readPressure, readRdma, unlimited } from './event-file.ts';
import { pageSizes } from './event-stats-v1.ts';
import type { BlkioEntry, CoreStats, EventCpu, EventMemory, EventStats, Pressure } from './event-stats.ts';
import { cgroupFile, unifiedFolder } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

type FileOf = (name: string) => string;

/** From the files of kernel Documentation/admin-guide/cgroup-v2.rst, under the names of v1 where the form has only those. */
export async function eventStatsV2(layout: CgroupLayout, path: string): Promise<EventStats> {
  const file: FileOf = (name) => cgroupFile(layout, path, name);
  const rdma = { current: await readRdma(file('rdma.current')), limit: await readRdma(file('rdma.max')) };
  return {
    ...(await coreStatsV2(layout, path)),
    ...(rdma.limit.length === 0 ? {} : { rdma }),
    intel_rdt: {},
    network_interfaces: null,
  };
}

export async function coreStatsV2(layout: CgroupLayout, path: string): Promise<CoreStats> {
  const file: FileOf = (name) => cgroupFile(layout, path, name);
  const limit = await readBig(file('pids.max'));
  return {
    cpu: await cpu(file),
    memory: await memory(file),
    pids: { current: await readBig(file('pids.current')), limit: limit === unlimited ? 0n : limit },
    blkio: { ...(await blkio(file)), ...withPressure(await readPressure(file('io.pressure'))) },
    hugetlb: await hugetlb(file, unifiedFolder(layout, path)),
  };
}

async function cpu(file: FileOf): Promise<EventCpu> {
  const stat = await readBigKeyed(file('cpu.stat'));
  const nanoseconds = (key: string) => (stat[key] ?? 0n) * 1000n;
  return {
    usage: { total: nanoseconds('usage_usec'), kernel: nanoseconds('system_usec'), user: nanoseconds('user_usec') },
    throttling: {
      periods: stat.nr_periods ?? 0n,
      throttledPeriods: stat.nr_throttled ?? 0n,
      throttledTime: nanoseconds('throttled_usec'),
    },
    ...withPressure(await readPressure(file('cpu.pressure'))),
  };
}

async function memory(file: FileOf): Promise<EventMemory> {
  const raw = await readBigKeyed(file('memory.stat'));
  const events = await readBigKeyed(file('memory.events'));
  const usage = {
    limit: await readBig(file('memory.max')),
    usage: await readBig(file('memory.current')),
    max: await readBig(file('memory.peak')),
    failcnt: events.max ?? 0n,
  };
  const swapLimit = await readBigIfThere(file('memory.swap.max'));
  const swapEvents = await readBigKeyed(file('memory.swap.events'));
  // The form counts memory plus swap; there is no peak of the sum.
  const swap =
    swapLimit === undefined
      ? noMemory
      : {
          limit: [swapLimit, usage.limit].includes(unlimited) ? unlimited : swapLimit + usage.limit,
          usage: usage.usage + (await readBig(file('memory.swap.current'))),
          max: 0n,
          failcnt: swapEvents.max ?? 0n,
        };
  const kernel = { ...noMemory, usage: raw.kernel ?? 0n };
  const kernelTCP = { ...noMemory, usage: raw.sock ?? 0n };
  const psi = withPressure(await readPressure(file('memory.pressure')));
  return { cache: raw.file ?? 0n, usage, swap, kernel, kernelTCP, raw, ...psi };
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
async function blkio(file: FileOf): Promise<EventStats['blkio']> {
  const bytes: BlkioEntry[] = [];
  const counts: BlkioEntry[] = [];
  for (const line of (await readText(file('io.stat')))?.split('\n') ?? []) {
    const [, major, minor, rest = ''] = /^([0-9]+):([0-9]+) (.*)$/.exec(line) ?? [];
    if (major === undefined || minor === undefined) continue;
    const device = { major: BigInt(major), minor: BigInt(minor) };
    for (const pair of rest.split(' ')) {
      const [, operation = '', unit, value = ''] = /^([rwd])(bytes|ios)=([0-9]+)$/.exec(pair) ?? [];
      const op = { r: 'Read', w: 'Write', d: 'Discard' }[operation];
      if (op !== undefined) (unit === 'bytes' ? bytes : counts).push({ ...device, op, value: BigInt(value) });
    }
  }
  return {
    ...(bytes.length === 0 ? {} : { ioServiceBytesRecursive: bytes }),
    ...(counts.length === 0 ? {} : { ioServicedRecursive: counts }),
  };
}

async function hugetlb(file: FileOf, folder: string): Promise<EventStats['hugetlb']> {
  const found: Record<string, { usage: bigint; max: bigint; failcnt: bigint }> = {};
  for (const size of pageSizes(folder, 'max')) {
    const reserved = await readBigIfThere(file(`hugetlb.${size}.rsvd.current`));
    const events = await readBigKeyed(file(`hugetlb.${size}.events`));
    const usage = reserved ?? (await readBig(file(`hugetlb.${size}.current`)));
    found[size] = { usage, max: 0n, failcnt: events.max ?? 0n };
  }
  return found;
}

const withPressure = (psi: Pressure | undefined) => (psi === undefined ? {} : { psi });
