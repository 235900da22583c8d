import { posix } from 'node:path';
import { expandSlice } from '@berth/runtime/systemd/unit';

/**
 * The pod's own cgroup, which kubelet makes: a path as cgroupfs has it, or the name of systemd's slice, alone or with its
 * path. Undefined for a pod whose containers are below the engine's own parent.
 */
export function podCgroupPath(cgroupParent: string): string | undefined {
  if (cgroupParent === '') return undefined;
  if (cgroupParent.endsWith('.slice') && !cgroupParent.slice(1).includes('/')) {
    return expandSlice(posix.basename(cgroupParent));
  }
  return posix.resolve('/', cgroupParent);
}
