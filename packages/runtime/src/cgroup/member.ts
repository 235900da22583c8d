import { asError, errnoName, isKind, tolerate } from '@berth/model/error';
import { cgroupTree, readText, writeValue } from './cgroup-file.ts';
import { freeze, isFrozen, thaw } from './freeze.ts';
import { cgroupFile, cgroupFolders, hierarchyFolder, hierarchyOf } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** The process ids in the cgroup and all below it, in the reader's pid namespace. */
export async function members(layout: CgroupLayout, path: string): Promise<number[]> {
  const found = new Set<number>();
  for (const folder of await cgroupTree(memberFolder(layout, path))) {
    const lines = (await processLines(folder)) ?? [];
    // 0 is a process that this pid namespace cannot see.
    for (const line of lines) if (Number(line) > 0) found.add(Number(line));
  }
  return [...found];
}

/** A threaded v2 cgroup has threads only; its processes are listed in the domain above it, which is in the tree. */
async function processLines(folder: string): Promise<string[] | undefined> {
  try {
    return (await readText(`${folder}/cgroup.procs`))?.split('\n');
  } catch (error) {
    if (errnoName(error) === 'EOPNOTSUPP' || errnoName(error) === 'ENOTSUP') return undefined;
    throw error;
  }
}

/**
 * Sends SIGKILL to every process of the cgroup. v2 has one file for it (Linux 5.14); without it they are signalled one
 * by one.
 */
export async function killMembers(layout: CgroupLayout, path: string): Promise<void> {
  if (layout.version === 2) {
    const kill = await settle(writeValue(cgroupFile(layout, path, 'cgroup.kill'), '1'));
    if (kill === undefined) return;
    if (!isKind(kill, 'not_found')) throw kill;
  }
  await signalMembers(layout, path, 'SIGKILL');
}

/**
 * Sends a signal to every process of the cgroup. It is frozen meanwhile, so that a process that forks faster than it is
 * signalled cannot win; one in uninterruptible sleep does not freeze, and gets its signal all the same. A paused
 * container is thawed by SIGKILL only, of which nothing that is frozen on v1 would die.
 */
export async function signalMembers(
  layout: CgroupLayout,
  path: string,
  signal: NodeJS.Signals | number,
): Promise<void> {
  const paused = await isFrozen(layout, path);
  const frozen = paused ? undefined : await settle(freeze(layout, path));
  if (isKind(frozen, 'not_found')) return;
  for (const pid of await members(layout, path)) {
    tolerate(['ESRCH'], () => process.kill(pid, signal));
  }
  // Without a freezer there is nothing to thaw; a paused container stays so, unless it is to die.
  if (isKind(frozen, 'failed_precondition') || (paused && signal !== 'SIGKILL' && signal !== 9)) return;
  await thaw(layout, path);
}

/** On v1 the freezer's folder: what is killed must be what is frozen. */
function memberFolder(layout: CgroupLayout, path: string): string {
  const freezer = layout.version === 2 ? undefined : hierarchyOf(layout, 'freezer');
  return freezer === undefined ? (cgroupFolders(layout, path)[0] ?? '') : hierarchyFolder(freezer, path);
}

async function settle(action: Promise<void>): Promise<Error | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    return asError(error);
  }
}
