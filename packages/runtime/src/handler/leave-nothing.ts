import { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import type { CgroupLayout } from '../cgroup/layout.ts';
import { placeOfSpec } from '../cgroup/spec-place.ts';
import { endScope } from '../launch/scope.ts';
import type { ContainerPlace } from './contract.ts';
import { unmountRoot } from './root-mount.ts';

/** Ends what is left in the container's cgroups, then takes them and the root's mount on the host away. */
export async function leaveNothing(cgroups: CgroupLayout, { id, spec, root }: ContainerPlace): Promise<void> {
  const { cgroupsPath } = spec.linux;
  if (cgroupsPath !== undefined) {
    const place = placeOfSpec(cgroups, id, cgroupsPath);
    const cgroup = new ContainerCgroup(place.layout, place.path);
    await cgroup.killAll();
    await endScope({ cgroup: place, rootless: false });
    await cgroup.remove();
  }
  if (root !== undefined) await unmountRoot(root.hostTarget);
}
