import { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import type { CgroupLayout } from '../cgroup/layout.ts';
import type { ContainerPlace } from './contract.ts';
import { unmountRoot } from './root-mount.ts';

/** Ends what is left in the container's cgroups, then takes them and the root's mount on the host away. */
export async function leaveNothing(cgroups: CgroupLayout, { spec, root }: ContainerPlace): Promise<void> {
  const { cgroupsPath } = spec.linux;
  if (cgroupsPath !== undefined) {
    const cgroup = new ContainerCgroup(cgroups, cgroupsPath);
    await cgroup.killAll();
    await cgroup.remove();
  }
  if (root !== undefined) await unmountRoot(root.hostTarget);
}
