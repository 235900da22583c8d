import { readKeyed, readNumber, readText } from './cgroup-file.ts';
import { cgroupFolder, hierarchyOf } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import type { CgroupStats, CpuStats, IoStats, MemoryStats } from './stats.ts';

/** "No limit" is the highest page-aligned number there. */
const unlimited = 2 ** 62;

/** Usage from the v1 files, kernel Documentation/admin-guide/cgroup-v1. */
export async function statsV1(layout: CgroupLayout, path: string): Promise<CgroupStats> {
  const file = (controller: string, name: string) => {
    const mountPoint = hierarchyOf(layout, controller)?.mountPoint ?? `/sys/fs/cgroup/${controller}`;
    return `${cgroupFolder(mountPoint, path)}/${controller}.${name}`;
  };
  const [cpu, memory, io, current, limit] = await Promise.all([
    cpuStats(file),
    memoryStats(file),
    ioStats(file),
    readNumber(file('pids', 'current')),
    readNumber(file('pids', 'max')),
  ]);
  const pids = { current: current ?? 0, ...(limit === undefined ? {} : { limit }) };
  return { cpu, memory, pids, io };
}

type FileOf = (controller: string, name: string) => string;

async function cpuStats(file: FileOf): Promise<CpuStats> {
  const [usage, user, system, stat] = await Promise.all([
    readNumber(file('cpuacct', 'usage')),
    readNumber(file('cpuacct', 'usage_user')),
    readNumber(file('cpuacct', 'usage_sys')),
    readKeyed(file('cpu', 'stat')),
  ]);
  return {
    usage: usage ?? 0,
    user: user ?? 0,
    system: system ?? 0,
    periods: stat.nr_periods ?? 0,
    throttledPeriods: stat.nr_throttled ?? 0,
    throttled: stat.throttled_time ?? 0,
  };
}

async function memoryStats(file: FileOf): Promise<MemoryStats> {
  const [usage, peak, limit, failures, stat] = await Promise.all([
    readNumber(file('memory', 'usage_in_bytes')),
    readNumber(file('memory', 'max_usage_in_bytes')),
    readNumber(file('memory', 'limit_in_bytes')),
    readNumber(file('memory', 'failcnt')),
    readKeyed(file('memory', 'stat')),
  ]);
  // The total_ values count the cgroups below too, as v2 does.
  const totals = Object.entries(stat).filter(([key]) => key.startsWith('total_'));
  const detail = Object.fromEntries(totals.map(([key, value]) => [key.slice(6), value]));
  return {
    usage: usage ?? 0,
    ...(peak === undefined ? {} : { peak }),
    ...(limit === undefined || limit >= unlimited ? {} : { limit }),
    cache: detail.cache ?? 0,
    inactiveFile: detail.inactive_file ?? 0,
    anonymous: detail.rss ?? 0,
    swap: detail.swap ?? 0,
    failures: failures ?? 0,
    detail,
  };
}

async function ioStats(file: FileOf): Promise<IoStats[]> {
  const [bytes, counts] = await Promise.all([
    readText(file('blkio', 'throttle.io_service_bytes_recursive')),
    readText(file('blkio', 'throttle.io_serviced_recursive')),
  ]);
  const size = byDevice(bytes ?? '');
  const count = byDevice(counts ?? '');
  return [...size].map(([device, { Read = 0, Write = 0 }]) => {
    const [major = 0, minor = 0] = device.split(':').map(Number);
    const done = count.get(device);
    return {
      major,
      minor,
      readBytes: Read,
      writeBytes: Write,
      reads: done?.Read ?? 0,
      writes: done?.Write ?? 0,
    };
  });
}

/** Lines of `8:0 Read 4096`, and a last `Total 4096` without a device. */
function byDevice(text: string): Map<string, Record<string, number>> {
  const devices = new Map<string, Record<string, number>>();
  for (const line of text.split('\n')) {
    const [device, operation, value] = line.split(' ');
    if (!device || !operation || value === undefined) continue;
    devices.set(device, { ...devices.get(device), [operation]: Number(value) });
  }
  return devices;
}
