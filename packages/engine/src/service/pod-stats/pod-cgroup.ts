import { posix } from 'node:path';
import type { CgroupLayout } from '@berth/runtime/cgroup/layout';
import type { CgroupPlace } from '@berth/runtime/cgroup/place';
import { placeOfSpec } from '@berth/runtime/cgroup/spec-place';
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

interface Parts {
  readonly cgroups: CgroupLayout;
  readonly cgroupPathOf: (id: string) => string | undefined;
}

/** The cgroup of a container, or of a sandbox's process; undefined when it is unknown. */
export function cgroupPlace({ cgroups, cgroupPathOf }: Parts, id: string): CgroupPlace | undefined {
  const cgroupsPath = cgroupPathOf(id);
  return cgroupsPath === undefined || cgroupsPath === '' ? undefined : placeOfSpec(cgroups, id, cgroupsPath);
}
