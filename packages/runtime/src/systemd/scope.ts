import type { ResourcesSpec } from '@berth/model/runtime-spec';
import { isKind } from '@berth/model/error';
import { annotationProperties } from './annotation.ts';
import { Systemd } from './systemd.ts';
import type { SystemdOptions, UnitProperty } from './systemd.ts';
import { deviceProperties, resourceProperties } from './property.ts';
import type { ScopeUnit } from './unit.ts';
import { variant } from './value.ts';

/**
 * The systemd driver: a container's cgroup is that of a transient scope which systemd makes around its first process.
 *
 * How it meets the plan. `findPlace({driver: 'systemd'})` (cgroup/place.ts) says `layout`, `path` and `unit`. The host track
 * is then, on v1 and on v2 alike:
 *
 *     spawn (cgroup: '')  the process is in the runtime's own cgroup for a moment, and waits
 *     ask createScope     the client calls `createScope` with the pid: systemd moves the process into the scope
 *     cgroupRecords       folders of hierarchies that systemd does not manage, all limits, device rules
 *     attachRecords       v1: joins those hierarchies too
 *     post                as after a v1 attach: only now the container makes its cgroup namespace
 *
 * Limits are set twice, as properties (systemd writes its units' files anew on a reload) and in the files (which have
 * more). An update is `updateScope`, then `ContainerCgroup.update`. A delete is `removeScope`, then
 * `ContainerCgroup.remove`, for the folders that systemd did not make. An exec is attached to the files as with cgroupfs:
 * the scope has `Delegate`, so what is below it is ours.
 */
export interface ScopeRequest {
  readonly id: string;
  readonly unit: ScopeUnit;
  /** `CgroupLayout.version`. */
  readonly cgroups: 1 | 2;
  /** In the host's pid namespace. */
  readonly pid: number;
  readonly resources?: ResourcesSpec;
  /** `spec.annotations`: those that begin with `org.systemd.property.` are set on the unit. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Makes the scope; resolves when the process is in it. Throws `failed_precondition` (`no_systemd`) without systemd,
 * `already_exists` for a unit that lives, `invalid_argument` for a bad annotation or cpu list.
 */
export async function createScope(request: ScopeRequest, options: SystemdOptions = {}): Promise<void> {
  // Before anybody is asked: a bad annotation is the user's fault, not systemd's.
  const further = annotationProperties(request.annotations ?? {});
  using manager = await Systemd.open(options);
  const facts = { cgroups: request.cgroups, version: await manager.version() };
  const { devices, ...limits } = request.resources ?? {};
  const properties = [
    ...scopeProperties(request),
    ...resourceProperties(limits, facts),
    ...deviceProperties(devices ?? [], facts),
    ...further,
  ];
  await start(manager, request.unit.name, properties);
}

/** New limits for a living scope; devices stay as they are. Throws `internal` when systemd refuses one. */
export async function updateScope(
  request: Pick<ScopeRequest, 'unit' | 'cgroups'> & { readonly resources: ResourcesSpec },
  options: SystemdOptions = {},
): Promise<void> {
  using manager = await Systemd.open(options);
  const properties = resourceProperties(request.resources, {
    cgroups: request.cgroups,
    version: await manager.version(),
  });
  if (properties.length > 0) await manager.setUnitProperties(request.unit.name, properties);
}

/** Ends the scope, with all processes that are left in it, and frees its name. No error when it is gone. */
export async function removeScope(unit: ScopeUnit, options: SystemdOptions = {}): Promise<void> {
  using manager = await Systemd.open(options);
  await manager.stopUnit(unit.name);
  await manager.resetFailedUnit(unit.name);
}

/** The cgroup of the user's manager, which rootless scopes are below: for `findPlace`. */
export async function userManagerCgroup(options: SystemdOptions = {}): Promise<string> {
  using manager = await Systemd.open({ ...options, rootless: true });
  return await manager.controlGroup();
}

/** A unit of the name that has failed is in the way, and nobody misses it. */
async function start(manager: Systemd, unit: string, properties: readonly UnitProperty[]): Promise<void> {
  try {
    await manager.startTransientUnit(unit, properties);
  } catch (error) {
    if (!isKind(error, 'already_exists')) throw error;
    await manager.resetFailedUnit(unit);
    await manager.startTransientUnit(unit, properties);
  }
}

function scopeProperties({ id, unit, pid, cgroups }: ScopeRequest): UnitProperty[] {
  const yes = variant('b', true);
  return [
    ['Description', variant('s', `container ${id} of berth`)],
    ['Slice', variant('s', unit.slice)],
    ['Delegate', yes],
    ['PIDs', variant('au', [pid])],
    // Counters are asked for at once: a process that is there before its counter is not counted.
    ['MemoryAccounting', yes],
    ['CPUAccounting', yes],
    [cgroups === 1 ? 'BlockIOAccounting' : 'IOAccounting', yes],
    ['TasksAccounting', yes],
    // At a shutdown the engine ends its containers; systemd is not to do it before.
    ['DefaultDependencies', variant('b', false)],
  ];
}
