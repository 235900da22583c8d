import { asError, isKind, tolerate } from '@berth/model/error';
import { cgroupTree, readText, writeValue } from './cgroup-file.ts';
import { freeze, thaw } from './freeze.ts';
import { cgroupFolder, hierarchyOf } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** The process ids in the cgroup and all below it, in the reader's pid namespace. */
export async function members(layout: CgroupLayout, path: string): Promise<number[]> {
  const found = new Set<number>();
  for (const folder of await cgroupTree(memberFolder(layout, path))) {
    const lines = (await readText(`${folder}/cgroup.procs`))?.split('\n') ?? [];
    // 0 is a process that this pid namespace cannot see.
    for (const line of lines) if (Number(line) > 0) found.add(Number(line));
  }
  return [...found];
}

/**
 * Sends SIGKILL to every process of the cgroup. v2 has one file for it (Linux 5.14); without it the
 * cgroup is frozen first, so that a process that forks faster than it is killed cannot win.
 */
export async function killMembers(layout: CgroupLayout, path: string): Promise<void> {
  if (layout.version === 2) {
    const file = `${cgroupFolder(layout.unified ?? '/sys/fs/cgroup', path)}/cgroup.kill`;
    const kill = await settle(writeValue(file, '1'));
    if (kill === undefined) return;
    if (!isKind(kill, 'not_found')) throw kill;
  }
  // A process in uninterruptible sleep does not freeze; it is killed all the same.
  const frozen = await settle(freeze(layout, path));
  if (isKind(frozen, 'not_found')) return;
  for (const pid of await members(layout, path)) {
    tolerate(['ESRCH'], () => process.kill(pid, 'SIGKILL'));
  }
  const thawed = await settle(thaw(layout, path));
  if (thawed !== undefined && !isKind(thawed, 'not_found')) throw thawed;
}

/** On v1 the freezer's folder: what is killed must be what is frozen. */
function memberFolder(layout: CgroupLayout, path: string): string {
  const mountPoint =
    layout.version === 2 ? layout.unified : (hierarchyOf(layout, 'freezer') ?? layout.hierarchies[0])?.mountPoint;
  return cgroupFolder(mountPoint ?? '/sys/fs/cgroup', path);
}

async function settle(action: Promise<void>): Promise<Error | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    return asError(error);
  }
}
