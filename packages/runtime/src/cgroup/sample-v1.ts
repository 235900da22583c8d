import { cgroupFile } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { keyedValue, numberNow, readNow } from './read-now.ts';
import type { CgroupSample } from './sample.ts';

/** "No limit" is the highest page-aligned number there. */
const unlimited = 1n << 62n;

/** From the files of kernel Documentation/admin-guide/cgroup-v1; the `total_` values count the cgroups below too. */
export function sampleV1(layout: CgroupLayout, path: string): CgroupSample | undefined {
  const file = (name: string): string => cgroupFile(layout, path, name);
  const cpu = numberNow(file('cpuacct.usage'));
  const stat = readNow(file('memory.stat'));
  if (cpu === undefined && stat === undefined) return undefined;
  const memory = stat ?? '';
  const limit = limitOf(file('memory.limit_in_bytes'));
  const both = memory.includes('\ntotal_swap ') ? limitOf(file('memory.memsw.limit_in_bytes')) : undefined;
  return {
    cpu: cpu ?? 0n,
    memory: {
      usage: numberNow(file('memory.usage_in_bytes')) ?? 0n,
      ...(limit === undefined ? {} : { limit }),
      inactiveFile: keyedValue(memory, 'total_inactive_file'),
      anonymous: keyedValue(memory, 'total_rss'),
      pageFaults: keyedValue(memory, 'total_pgfault'),
      majorPageFaults: keyedValue(memory, 'total_pgmajfault'),
    },
    ...(memory.includes('\ntotal_swap ') ? { swap: swap(keyedValue(memory, 'total_swap'), limit, both) } : {}),
    tasks: numberNow(file('pids.current')) ?? 0n,
  };
}

function limitOf(file: string): bigint | undefined {
  const limit = numberNow(file);
  return limit === undefined || limit >= unlimited ? undefined : limit;
}

/** @param both the limit of memory and swap together */
function swap(usage: bigint, memory: bigint | undefined, both: bigint | undefined): CgroupSample['swap'] {
  return memory === undefined || both === undefined ? { usage } : { usage, limit: both > memory ? both - memory : 0n };
}
