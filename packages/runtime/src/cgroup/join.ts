import { existsSync } from 'node:fs';
import { BerthError } from '@berth/model/error';
import { cgroupTree, readText } from './cgroup-file.ts';
import { isFrozen } from './freeze.ts';
import { cgroupFile, cgroupFolders, unifiedFolder } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { ownUnified, readOwnCgroups } from './own-cgroup.ts';

/**
 * Whether a new container may use this cgroup: it is not there, or it is there and has neither processes (in it or
 * below it) nor frozen ones to come. Throws `failed_precondition`, `cgroup_not_empty` or `cgroup_frozen`, as runc refuses
 * since 1.1: two containers in one cgroup would be killed, frozen and removed together.
 */
export async function requireFree(layout: CgroupLayout, path: string): Promise<void> {
  // Most often there is none, which a command that starts a container should not wait for thread pools to learn.
  const there = cgroupFolders(layout, path).filter((folder) => existsSync(folder));
  if (there.length === 0) return;
  for (const folder of there) {
    const count = await processCount(folder);
    if (count > 0) {
      throw new BerthError('failed_precondition', `cgroup ${folder} is in use by ${count} process(es)`, {
        code: 'cgroup_not_empty',
        hint: 'choose another linux.cgroupsPath, or end those processes',
      });
    }
  }
  if (await isFrozen(layout, path)) {
    throw new BerthError('failed_precondition', `cgroup ${path} is frozen: what starts in it would stand still`, {
      code: 'cgroup_frozen',
    });
  }
}

async function processCount(folder: string): Promise<number> {
  let count = 0;
  for (const one of await cgroupTree(folder)) {
    const text = await readText(`${one}/cgroup.procs`);
    if (text) count += text.split('\n').length;
  }
  return count;
}

/**
 * Where an exec goes. A v2 cgroup that passes controllers on takes no process itself (the "no internal process" rule):
 * a container that runs an init with cgroups of its own has such one, and its execs go where its first process is.
 */
export async function execPath(layout: CgroupLayout, path: string, pid: number): Promise<string> {
  if (layout.version === 1 || !(await readText(cgroupFile(layout, path, 'cgroup.subtree_control')))) return path;
  const first = ownUnified(readOwnCgroups(pid), layout);
  return unifiedFolder(layout, first).startsWith(`${unifiedFolder(layout, path)}/`) ? first : path;
}
