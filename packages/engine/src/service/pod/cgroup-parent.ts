import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { errnoName } from '@berth/model/error';
import type { PodConfig } from '@berth/model/pod-config';
import { type CgroupLayout, cgroupFolders, everyCgroupFolder } from '@berth/runtime/cgroup/layout';

/**
 * The topmost cgroup that comes into being only with this pod, because its client has not made the pod's parent; empty
 * for none. kubelet makes its pods' cgroups and wants them to stay; who does not make them does not take them away.
 * @param own the engine's own parent: it was set up at the start, and stays whoever was the first in it
 */
export function cgroupMadeFor(layout: CgroupLayout, { cgroupParent }: PodConfig, own: string): string {
  // Slices of systemd go by themselves.
  if (cgroupParent === '' || cgroupParent.endsWith('.slice')) return '';
  let made = '';
  for (let path = posix.join('/', cgroupParent); path !== '/'; path = posix.dirname(path)) {
    if (isBelow(own, path)) break;
    if (cgroupFolders(layout, path).some((folder) => existsSync(folder))) break;
    made = path;
  }
  return made;
}

export interface MadeCgroup {
  /** As `cgroupMadeFor` told. */
  readonly made: string;
  /** Whether no other pod is in it or below it: one that is about to begin there has not made it busy yet. */
  readonly isFree: (cgroup: string) => boolean;
}

/** Removes what was made for the pod, from its parent up; what others use by now stays. */
export async function removeMadeCgroup(
  layout: CgroupLayout,
  { cgroupParent }: PodConfig,
  { made, isFree }: MadeCgroup,
): Promise<void> {
  for (let path = posix.join('/', cgroupParent); isBelow(path, made) && isFree(path); path = posix.dirname(path)) {
    await Promise.all(everyCgroupFolder(layout, path).map(removeEmpty));
  }
}

/** Whether a pod with this parent is in the cgroup, or below it. */
export function isBelow(cgroupParent: string, cgroup: string): boolean {
  return `${posix.join('/', cgroupParent)}/`.startsWith(`${cgroup}/`);
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!['ENOENT', 'EBUSY', 'ENOTEMPTY'].includes(errnoName(error) ?? '')) throw error;
  }
}
