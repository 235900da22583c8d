import { parsePressure } from './event-file.ts';
import { unifiedFolder } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { keyedValue, numberNow, readNow } from './read-now.ts';
import type { CgroupSample, PressureSample } from './sample.ts';

/** From the files of kernel Documentation/admin-guide/cgroup-v2.rst. */
export function sampleV2(layout: CgroupLayout, path: string): CgroupSample | undefined {
  const folder = unifiedFolder(layout, path);
  // In every cgroup, whichever controllers it has.
  const cpu = readNow(`${folder}/cpu.stat`);
  if (cpu === undefined) return undefined;
  const stat = readNow(`${folder}/memory.stat`) ?? '';
  const limit = numberNow(`${folder}/memory.max`);
  const swap = numberNow(`${folder}/memory.swap.current`);
  const swapLimit = swap === undefined ? undefined : numberNow(`${folder}/memory.swap.max`);
  return {
    cpu: keyedValue(cpu, 'usage_usec') * 1000n,
    memory: {
      usage: numberNow(`${folder}/memory.current`) ?? 0n,
      ...(limit === undefined ? {} : { limit }),
      inactiveFile: keyedValue(stat, 'inactive_file'),
      anonymous: keyedValue(stat, 'anon'),
      pageFaults: keyedValue(stat, 'pgfault'),
      majorPageFaults: keyedValue(stat, 'pgmajfault'),
    },
    ...(swap === undefined ? {} : { swap: { usage: swap, ...(swapLimit === undefined ? {} : { limit: swapLimit }) } }),
    tasks: numberNow(`${folder}/pids.current`) ?? 0n,
    pressure: pressure(folder),
  };
}

function pressure(folder: string): PressureSample {
  const of = (controller: string) => parsePressure(readNow(`${folder}/${controller}.pressure`));
  const [cpu, memory, io] = [of('cpu'), of('memory'), of('io')];
  return {
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(io === undefined ? {} : { io }),
  };
}
