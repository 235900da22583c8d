import { readKeyed, readNumber, readText } from './cgroup-file.ts';
import type { CgroupStats, CpuStats, IoStats, MemoryStats } from './stats.ts';

/** Usage from the v2 files, kernel Documentation/admin-guide/cgroup-v2.rst. */
export async function statsV2(folder: string): Promise<CgroupStats> {
  const [cpu, memory, io, current, limit] = await Promise.all([
    cpuStats(folder),
    memoryStats(folder),
    ioStats(folder),
    readNumber(`${folder}/pids.current`),
    readNumber(`${folder}/pids.max`),
  ]);
  const pids = { current: current ?? 0, ...(limit === undefined ? {} : { limit }) };
  return { cpu, memory, pids, io };
}

async function cpuStats(folder: string): Promise<CpuStats> {
  const stat = await readKeyed(`${folder}/cpu.stat`);
  const nanoseconds = (key: string) => (stat[key] ?? 0) * 1000;
  return {
    usage: nanoseconds('usage_usec'),
    user: nanoseconds('user_usec'),
    system: nanoseconds('system_usec'),
    periods: stat.nr_periods ?? 0,
    throttledPeriods: stat.nr_throttled ?? 0,
    throttled: nanoseconds('throttled_usec'),
  };
}

async function memoryStats(folder: string): Promise<MemoryStats> {
  const [usage, peak, limit, swap, events, detail] = await Promise.all([
    readNumber(`${folder}/memory.current`),
    readNumber(`${folder}/memory.peak`),
    readNumber(`${folder}/memory.max`),
    readNumber(`${folder}/memory.swap.current`),
    readKeyed(`${folder}/memory.events`),
    readKeyed(`${folder}/memory.stat`),
  ]);
  return {
    usage: usage ?? 0,
    ...(peak === undefined ? {} : { peak }),
    ...(limit === undefined ? {} : { limit }),
    cache: detail.file ?? 0,
    inactiveFile: detail.inactive_file ?? 0,
    anonymous: detail.anon ?? 0,
    swap: swap ?? 0,
    failures: events.max ?? 0,
    detail,
  };
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
async function ioStats(folder: string): Promise<IoStats[]> {
  const lines = (await readText(`${folder}/io.stat`))?.split('\n') ?? [];
  return lines.flatMap((line) => {
    const [device, ...rest] = line.split(' ');
    const [major, minor] = device?.split(':').map(Number) ?? [];
    if (major === undefined || minor === undefined) return [];
    const value = Object.fromEntries(rest.map((pair) => pair.split('=')));
    const number = (key: string) => Number(value[key] ?? 0);
    return [
      {
        major,
        minor,
        readBytes: number('rbytes'),
        writeBytes: number('wbytes'),
        reads: number('rios'),
        writes: number('wios'),
      },
    ];
  });
}
