import { chown, readFile } from 'node:fs/promises';
import { errnoName } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { unifiedFolder } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** What kernels before 4.15, without the list, let a delegate write. */
const oldList = 'cgroup.procs\ncgroup.subtree_control\ncgroup.threads';

/**
 * Who the container's cgroup is given to: the host's user that is root inside, when the container has user and cgroup
 * namespaces of its own and a writable cgroup mount (config-linux.md "Cgroup ownership"). Undefined when nobody; v1
 * cannot be shared so without danger.
 */
export function cgroupOwner(layout: CgroupLayout, { linux, mounts }: RuntimeSpec): number | undefined {
  const isNew = (type: string) => linux.namespaces.some((one) => one.type === type && one.path === undefined);
  const writable = mounts.some(({ type, options = [] }) => type === 'cgroup' && !options.includes('ro'));
  if (layout.version === 1 || !isNew('cgroup') || !isNew('user') || !writable) return undefined;
  const root = linux.uidMappings?.find(({ containerID }) => containerID === 0);
  return root?.hostID;
}

/** Gives the cgroup's folder and the files that the kernel names as safe to a user. For after its making, before `start`. */
export async function delegateCgroup(layout: CgroupLayout, path: string, uid: number): Promise<void> {
  const folder = unifiedFolder(layout, path);
  // The group stays: nothing is said about it.
  await chown(folder, uid, -1);
  for (const name of (await delegateList()).split('\n').filter((line) => line !== '')) {
    try {
      await chown(`${folder}/${name}`, uid, -1);
    } catch (error) {
      // Controllers that are not on have no files.
      if (errnoName(error) !== 'ENOENT') throw error;
    }
  }
}

async function delegateList(): Promise<string> {
  try {
    return await readFile('/sys/kernel/cgroup/delegate', 'utf8');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return oldList;
    throw error;
  }
}
