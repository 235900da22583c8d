import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** USER_HZ, on every architecture that we run on: proc_pid_stat(5). */
const ticks = 100;

/** Seconds of processor time that processes took so far, those included that they have waited for. */
export function processorTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + timeOf(pid), 0);
}

function timeOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It ended, and its parent has its time.
    return 0;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, value) => sum + Number(value), 0) / ticks;
}

/** Percent of one processor that the processes take while `run` is called once a second. */
export async function loadWhile(
  pids: readonly number[],
  seconds: number,
  run: () => Promise<unknown>,
): Promise<number> {
  const before = processorTime(pids);
  const began = performance.now();
  for (let second = 1; performance.now() < began + seconds * 1000; second++) {
    await run();
    // One that takes longer than a second is called again at once.
    await sleep(Math.max(0, began + second * 1000 - performance.now()));
  }
  return (100 * (processorTime(pids) - before)) / ((performance.now() - began) / 1000);
}
