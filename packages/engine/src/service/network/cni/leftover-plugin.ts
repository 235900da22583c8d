import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { tolerate } from '@berth/model/error';

/** After how long processes that were killed are looked for again, ms: one that waits for a disk takes its time. */
const firstPace = 5;
const lastPace = 500;

/**
 * Ends plugins that an earlier daemon has left at work for this container: an ADD that goes on behind its DEL would leave
 * an address that nobody gives back. They are known by their environment, as plugins that they call are.
 */
export async function endLeftoverPlugins(containerId: string, signal: AbortSignal): Promise<void> {
  for (let pace = firstPace, found; (found = pluginsOf(containerId)).length > 0; pace = Math.min(2 * pace, lastPace)) {
    for (const pid of found) tolerate(['ESRCH'], () => process.kill(pid, 'SIGKILL'));
    await delay(pace, undefined, { signal });
  }
}

function pluginsOf(containerId: string): number[] {
  const mark = Buffer.from(`\0CNI_CONTAINERID=${containerId}\0`);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => environmentOf(pid).includes(mark)).map(Number);
}

/** Empty for one that has ended, waited for or not, and for the kernel's own. */
function environmentOf(pid: string): Buffer {
  try {
    return Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`)]);
  } catch {
    return Buffer.alloc(0);
  }
}
