import type { ResourcesSpec } from '@berth/model/runtime-spec';
import type { StateRecord } from '../state/record.ts';
import type { LaunchContext } from './context.ts';

/** The driver is loaded by who uses it: most machines that start a command a second have none. */
const driver = () => import('../systemd/scope.ts');

/** Has systemd make the container's scope with its first process in it. @throws failed_precondition, invalid_argument */
export async function makeScope({ id, spec, cgroup, rootless }: LaunchContext, pid: number): Promise<void> {
  if (cgroup?.unit === undefined) throw new RangeError(`container ${id} has no systemd unit`);
  const { createScope } = await driver();
  const { resources } = spec.linux;
  const request = { id, unit: cgroup.unit, cgroups: cgroup.layout.version, pid, annotations: spec.annotations };
  await createScope({ ...request, ...(resources === undefined ? {} : { resources }) }, { rootless });
}

/** What says which scope a container has, if any. */
type Scoped = Pick<StateRecord, 'cgroup' | 'rootless'>;

/** Tells systemd of new limits, which it would undo otherwise when it writes its own. */
export async function changeScope({ cgroup, rootless }: Scoped, resources: ResourcesSpec): Promise<void> {
  if (cgroup.unit === undefined) return;
  const { updateScope } = await driver();
  await updateScope({ unit: cgroup.unit, cgroups: cgroup.layout.version, resources }, { rootless });
}

/** Ends the scope, if the container has one. */
export async function endScope({ cgroup, rootless }: Scoped): Promise<void> {
  if (cgroup.unit === undefined) return;
  const { removeScope } = await driver();
  await removeScope(cgroup.unit, { rootless });
}
