import { readFileSync } from 'node:fs';
import { containingMount } from '@berth/runtime/compile/containing-mount';
import { unescapeMountPath } from '@berth/runtime/compile/mount-path';
import type { PodMount } from '@berth/model/pod-config';
import { badField } from './field-error.ts';

/** The option of a bind mount. */
export type Propagation = 'rprivate' | 'rslave' | 'rshared';

/**
 * What the host and the container see of each other's mounts below this one.
 * @throws invalid_argument where the host keeps the source's mounts to itself: nothing would ever get through
 */
export function propagationOf(
  { propagation, hostPath }: PodMount,
  field: string,
  mountinfo: () => string = readMountinfo,
): Propagation {
  if (propagation === 'private') return 'rprivate';
  const text = mountinfo();
  const point = containingMount(hostPath, text);
  const kind = sharingOf(text, point);
  if (propagation === 'bidirectional') {
    if (kind === 'shared') return 'rshared';
    throw notShared(field, `${hostPath} is mounted on ${point}, which is not a shared mount`, point);
  }
  if (kind !== 'private') return 'rslave';
  throw notShared(field, `${hostPath} is mounted on ${point}, which is neither a shared nor a slave mount`, point);
}

function notShared(field: string, message: string, point: string) {
  return badField(`${field}.propagation`, message, `mount --make-rshared ${point}`);
}

/** The last line of a mount point is the mount on top. The optional fields end with a dash, proc_pid_mountinfo(5). */
function sharingOf(mountinfo: string, point: string): 'shared' | 'slave' | 'private' {
  const line = mountinfo.split('\n').findLast((one) => unescapeMountPath(one.split(' ')[4] ?? '') === point);
  const optional = line?.split(' - ')[0]?.split(' ').slice(6) ?? [];
  if (optional.some((one) => one.startsWith('shared:'))) return 'shared';
  return optional.some((one) => one.startsWith('master:')) ? 'slave' : 'private';
}

function readMountinfo(): string {
  return readFileSync('/proc/self/mountinfo', 'utf8');
}
