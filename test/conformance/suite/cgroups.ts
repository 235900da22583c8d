import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { cgroupFoldersOf } from '../../harness/cgroup-folders.ts';

/** Whether limits are those of version 1. */
export const isVersion1 = existsSync('/sys/fs/cgroup/memory');

/** A file of a container's cgroup, of a v1 controller. */
export function cgroupFile(cgroup: string, controller: string, file: string): string {
  return path.join('/sys/fs/cgroup', controller, cgroup, file);
}

export function readCgroup(cgroup: string, controller: string, file: string): string {
  return readFileSync(cgroupFile(cgroup, controller, file), 'utf8').trim();
}

/** A line for each folder that a container left; they are removed, so that only its own case fails. */
export function leftCgroups(cgroup: string): string[] {
  const left = cgroupFoldersOf({ cgroupParent: cgroup });
  for (const folder of left.toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      // Somebody is still in it: the line says enough.
    }
  }
  return left.map((folder) => `cgroup ${folder}`);
}

/** Removes the parent of all cases. */
export function removeParent(): void {
  leftCgroups(`/berth-conformance-${process.pid}`);
}
