import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SnapshotMount } from '../snapshot.ts';
import type { SnapshotDriver, SnapshotStack } from './driver.ts';
import { bindMount, filesOf, filesPath } from './tree-folder.ts';

/**
 * Each snapshot has only what differs from its parent; overlayfs merges at mount time
 * (kernel.org/doc/html/latest/filesystems/overlayfs.html).
 */
export const overlayDriver: SnapshotDriver = {
  name: 'overlayfs',

  // Synchronous: a handful of calls that every start of a container waits for.
  async create(root, { id, kind, parents }) {
    const files = filesPath(root, id);
    mkdirSync(files);
    if (kind === 'active' && parents.length > 0) mkdirSync(workPath(root, id));
    adoptRoot(files, parents[0] === undefined ? undefined : filesPath(root, parents[0]));
  },

  mount(root, stack) {
    const lower = lowerOf(stack);
    if (stack.kind === 'active')
      return lower.length === 0 ? bindMount(root, stack.id, 'rw') : overlay(root, lower, stack.id);
    const [only] = lower;
    if (only === undefined) return bindMount(root, stack.id, 'ro');
    // overlayfs without an upper folder wants two lower ones at least.
    return lower.length === 1 ? bindMount(root, only, 'ro') : overlay(root, lower);
  },

  layers(root, stack) {
    const own = stack.kind === 'active' ? [stack.id] : [];
    return [...own, ...lowerOf(stack)].map((id) => filesPath(root, id));
  },
};

/** What shows below the writable folder: a view's own folder is empty and stays out. */
function lowerOf({ id, kind, parents }: SnapshotStack): readonly number[] {
  return kind === 'committed' ? [id, ...parents] : parents;
}

function overlay(root: string, lower: readonly number[], upper?: number): SnapshotMount {
  const writable = upper === undefined ? ['ro'] : [`workdir=${upper}/work`, `upperdir=${filesOf(upper)}`];
  const lowerdir = `lowerdir=${lower.map(filesOf).join(':')}`;
  return { type: 'overlay', source: 'overlay', options: [...switchedOff(), ...writable, lowerdir], cwd: root };
}

/** The root folder of the topmost layer is the one that shows: it is as the one below, until something changes it. */
function adoptRoot(files: string, parent: string | undefined): void {
  const { mode, uid, gid } = parent === undefined ? { mode: 0o755, uid: 0, gid: 0 } : lstatSync(parent);
  if (uid !== 0 || gid !== 0) chownSync(files, uid, gid);
  chmodSync(files, mode & 0o7777);
}

let off: readonly string[] | undefined;

/**
 * Kernels built with these on by default write what only the very same stack of folders can be read with: layers
 * would no longer be plain trees, and a folder could not be moved or shared.
 */
function switchedOff(): readonly string[] {
  off ??= ['index', 'metacopy', 'redirect_dir'].filter(isOn).map((name) => `${name}=off`);
  return off;
}

function isOn(parameter: string): boolean {
  try {
    return readFileSync(`/sys/module/overlay/parameters/${parameter}`, 'utf8').startsWith('Y');
  } catch {
    // Not a parameter of this kernel, or the module is not loaded yet.
    return false;
  }
}

function workPath(root: string, id: number): string {
  return path.join(root, String(id), 'work');
}
