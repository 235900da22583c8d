import { posix } from 'node:path';
import { badField } from './field-error.ts';

export interface CgroupChoice {
  readonly driver: 'cgroupfs' | 'systemd';
  /** Of the pod; may be empty. */
  readonly parent: string;
  /** The engine's own, for pods that name none. */
  readonly fallback: string;
  /** Of the container. */
  readonly id: string;
}

/** Where a container without a parent goes with systemd, as for every other engine. */
const usualSlice = 'system.slice';

/**
 * `linux.cgroupsPath`: a path below the hierarchies' roots, or `slice:prefix:name` for systemd. kubelet gives a slice with
 * all of its parents (`/kubepods.slice/kubepods-burstable.slice`); its last part says them all.
 * @throws invalid_argument
 */
export function cgroupPath({ driver, parent, fallback, id }: CgroupChoice): string {
  if (parent.split('/').includes('..')) throw badField('linux.cgroup_parent', `not a cgroup: ${parent}`);
  if (driver === 'cgroupfs') return posix.join('/', parent === '' ? fallback : parent, id);
  if (parent === '') return `${usualSlice}:berth:${id}`;
  const slice = posix.basename(parent);
  if (!slice.endsWith('.slice')) {
    throw badField(
      'linux.cgroup_parent',
      `with systemd cgroups it is a slice, not ${parent}`,
      'cgroup_driver = cgroupfs',
    );
  }
  return `${slice}:berth:${id}`;
}
