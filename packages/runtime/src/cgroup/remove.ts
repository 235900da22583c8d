import { rmdir } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, errnoName } from '@berth/model/error';
import { cgroupTree } from './cgroup-file.ts';
import { cgroupFolders } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** A dead process leaves its cgroup a moment after its parent has reaped it. */
const pauses = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000];

/**
 * Removes the container's cgroup and all below it from every hierarchy. Idempotent. Throws
 * `failed_precondition` when processes are still in it after two seconds; the other hierarchies
 * are removed all the same.
 */
export async function removeCgroup(layout: CgroupLayout, path: string): Promise<void> {
  const results = await Promise.allSettled(cgroupFolders(layout, path).map(removeTree));
  const failed = results.filter((result) => result.status === 'rejected');
  const [first] = failed;
  if (first !== undefined) throw first.reason;
}

async function removeTree(folder: string): Promise<void> {
  for (const pause of [...pauses, undefined]) {
    const busy = await tryRemove(folder);
    if (busy === undefined) return;
    if (pause === undefined) {
      throw new BerthError('failed_precondition', `cgroup ${busy} still has processes`, {
        code: 'cgroup_busy',
      });
    }
    await sleep(pause);
  }
}

/** The folder that is busy, undefined when all are gone. */
async function tryRemove(folder: string): Promise<string | undefined> {
  for (const one of await cgroupTree(folder)) {
    try {
      await removeFolder(one);
    } catch (error) {
      // ENOTEMPTY: a cgroup was made below it since it was listed.
      if (['EBUSY', 'ENOTEMPTY'].includes(errnoName(error) ?? '')) return one;
      if (errnoName(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** By callback: loading `node:fs/promises` costs a command seven milliseconds. */
function removeFolder(folder: string): Promise<void> {
  return new Promise((resolve, reject) => rmdir(folder, (error) => (error ? reject(error) : resolve())));
}
