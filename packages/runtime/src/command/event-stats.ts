import type { CgroupStats } from '../cgroup/stats.ts';

/** What the kernel calls no limit: readers of runc's events expect a number. */
const unlimited = 2 ** 63;

/** The data of a `stats` event, in the form that readers of runc's events know. */
export function statsOf({ cpu, memory, pids, io }: CgroupStats): object {
  const entry = (value: number, op: string, device: { readonly major: number; readonly minor: number }) => ({
    major: device.major,
    minor: device.minor,
    op,
    value,
  });
  return {
    cpu: {
      usage: { total: cpu.usage, kernel: cpu.system, user: cpu.user },
      throttling: { periods: cpu.periods, throttledPeriods: cpu.throttledPeriods, throttledTime: cpu.throttled },
    },
    memory: {
      cache: memory.cache,
      usage: {
        limit: memory.limit ?? unlimited,
        usage: memory.usage,
        max: memory.peak ?? 0,
        failcnt: memory.failures,
      },
      swap: { limit: unlimited, usage: memory.swap, max: 0, failcnt: 0 },
      raw: memory.detail,
    },
    pids: { current: pids.current, ...(pids.limit === undefined ? {} : { limit: pids.limit }) },
    blkio: {
      ioServiceBytesRecursive: io.flatMap((one) => [
        entry(one.readBytes, 'Read', one),
        entry(one.writeBytes, 'Write', one),
      ]),
      ioServicedRecursive: io.flatMap((one) => [entry(one.reads, 'Read', one), entry(one.writes, 'Write', one)]),
    },
    hugetlb: {},
  };
}
