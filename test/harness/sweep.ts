import { spawnSync } from 'node:child_process';
import { readFileSync, rmdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupFoldersOf } from './cgroup-folders.ts';
import type { Places } from './engine.ts';
import { eventPatience } from './patience.ts';
import { processesOf } from './process-table.ts';

/** Removes all that an engine may have left: for the end of tests, also of those that failed half way. */
export async function sweep(places: Places, home: string): Promise<void> {
  await endProcesses(places);
  for (const target of mountsBelow(home).toReversed()) spawnSync('umount', ['-l', target]);
  for (const folder of cgroupFoldersOf(places).toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      // Someone else's process was put there: not ours to end.
    }
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 3 });
}

async function endProcesses(places: Places): Promise<void> {
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(20)) {
    const left = processesOf(places);
    if (left.length === 0) return;
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
        // A frozen process takes no signal before it goes on.
      } catch {
        // It ended meanwhile.
      }
    }
  }
}

/** Mount points below a folder, in the order they were made. */
export function mountsBelow(folder: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.map((line) => line.split(' ')[4] ?? '').filter((target) => target.startsWith(`${folder}/`));
}
