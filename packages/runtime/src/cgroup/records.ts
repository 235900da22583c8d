import { posix } from 'node:path';
import type { DeviceRule, ResourcesSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import { onHost } from '../compile/step.ts';
import type { PlanRecord } from '../plan/record.ts';
import { compileDeviceProgram } from '../bpf/device-program.ts';
import { allowsAll, deviceWrites } from './device-rule.ts';
import { cgroupFolder, cgroupFolders, hierarchyFolder, hierarchyOf, unifiedFolder } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { limitWrites } from './limit.ts';
import type { CgroupWrite } from './limit.ts';
import { noSubCgroup, subPath } from './sub-cgroup.ts';
import type { SubCgroups } from './sub-cgroup.ts';

/**
 * The container's cgroup, made and limited, but with no process in it yet: for the host track.
 * Limits are written before the first process comes, so that nothing ever runs without them.
 */
export function cgroupRecords(layout: CgroupLayout, path: string, resources: ResourcesSpec | undefined): PlanRecord[] {
  checkPath(path);
  const wanted = resources ?? {};
  return [
    ...cgroupFolders(layout, path).map((folder) => onHost('cgroup_create', { path: folder })),
    ...(layout.version === 1 ? cpusetWrites(layout, path) : controllerWrites(layout, path, wanted)).map(writeRecord),
    ...limitWrites(layout, path, wanted).map(writeRecord),
    ...deviceRecords(layout, path, wanted.devices ?? []),
  ];
}

/**
 * Puts the spawned process into the cgroup: v1 only, v2's is given to clone3. With `sub` (`exec --cgroup`) into cgroups
 * below it, which must be there.
 */
export function attachRecords(layout: CgroupLayout, path: string, sub: SubCgroups = noSubCgroup): PlanRecord[] {
  if (layout.version === 2) return [];
  return layout.hierarchies.map((hierarchy) =>
    onHost('cgroup_attach', {
      path: posix.join(hierarchyFolder(hierarchy, path), subPath(sub, hierarchy), 'cgroup.procs'),
    }),
  );
}

/** The folder for CLONE_INTO_CGROUP; empty on v1, where clone3 cannot do it. */
export function spawnCgroup(layout: CgroupLayout, path: string, sub: SubCgroups = noSubCgroup): string {
  return layout.version === 2 ? posix.join(unifiedFolder(layout, path), subPath(sub)) : '';
}

function writeRecord(write: CgroupWrite): PlanRecord {
  const record = onHost('write_file', { path: write.path, data: write.data });
  return write.soft ? { ...record, soft: true } : record;
}

/** Files on v1, a program on v2. A program that allows everything would only cost time. */
function deviceRecords(layout: CgroupLayout, path: string, rules: readonly DeviceRule[]): PlanRecord[] {
  if (layout.version === 2) {
    const program = compileDeviceProgram(rules);
    return allowsAll(rules) ? [] : [onHost('device_program', { cgroup: unifiedFolder(layout, path), program })];
  }
  const devices = hierarchyOf(layout, 'devices');
  return devices === undefined ? [] : deviceWrites(hierarchyFolder(devices, path), rules).map(writeRecord);
}

/**
 * A new v1 cpuset is empty and refuses processes (ENOSPC), so every folder below the one whose
 * values are known gets the same ones. `cgroup.clone_children` would do it too, but is a switch on
 * somebody else's parent folder. Writing the values that are there already costs microseconds.
 */
function cpusetWrites(layout: CgroupLayout, path: string): CgroupWrite[] {
  const hierarchy = layout.hierarchies.find(({ controllers }) => controllers.includes('cpuset'));
  const known = layout.cpuset;
  if (hierarchy === undefined || known === undefined) return [];
  return foldersBelow(known.path, path).flatMap((folder) => {
    const base = hierarchyFolder(hierarchy, folder);
    return [
      { path: `${base}/cpuset.cpus`, data: known.cpus },
      { path: `${base}/cpuset.mems`, data: known.mems },
    ];
  });
}

/** What every container gets, for its usage if not for a limit; the others only when there is a limit. */
const usualControllers = ['cpuset', 'cpu', 'io', 'memory', 'pids'];

/** On v2 a controller works in a folder only if all folders above pass it on. */
function controllerWrites(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  const root = layout.unified ?? '/sys/fs/cgroup';
  const wanted = [...new Set([...usualControllers, ...furtherControllers(resources)])];
  const data = wanted
    .filter((controller) => layout.controllers.includes(controller))
    .map((controller) => `+${controller}`)
    .join(' ');
  if (data === '') return [];
  const parents = ['/', ...foldersBelow('/', posix.dirname(path))];
  return parents.map((folder) => ({
    path: `${cgroupFolder(root, folder)}/cgroup.subtree_control`.replace('//', '/'),
    data,
    // A parent with processes of its own, or one delegated to somebody else, refuses; when that
    // matters the limit that needs the controller fails and names its own file.
    soft: true,
  }));
}

function furtherControllers({ hugepageLimits = [], rdma = {}, unified = {} }: ResourcesSpec): string[] {
  return [
    ...(hugepageLimits.length > 0 ? ['hugetlb'] : []),
    ...(Object.keys(rdma).length > 0 ? ['rdma'] : []),
    ...Object.keys(unified).map((file) => file.slice(0, file.indexOf('.'))),
  ];
}

/** `/a` and `/a/b/c` give `/a/b` and `/a/b/c`. Nothing when the second is not below the first. */
function foldersBelow(ancestor: string, path: string): string[] {
  const base = ancestor === '/' ? '' : ancestor;
  if (path === '/' || !path.startsWith(`${base}/`)) return [];
  const parts = path.slice(base.length + 1).split('/');
  return parts.map((_, index) => `${base}/${parts.slice(0, index + 1).join('/')}`);
}

function checkPath(path: string): void {
  if (path === '/' || posix.normalize(path) !== path || !posix.isAbsolute(path)) {
    throw invalid('linux.cgroupsPath', `not a cgroup below the root: ${path}`);
  }
}
