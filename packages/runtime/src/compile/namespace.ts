import type { NamespaceSpec, NamespaceType } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { CLONE } from './kernel-flags.ts';
import { inContainer, onHost } from './step.ts';

/** The clone flag of each namespace type, namespaces(7). */
export const namespaceFlags: Readonly<Record<NamespaceType, number>> = {
  pid: CLONE.CLONE_NEWPID,
  network: CLONE.CLONE_NEWNET,
  mount: CLONE.CLONE_NEWNS,
  ipc: CLONE.CLONE_NEWIPC,
  uts: CLONE.CLONE_NEWUTS,
  user: CLONE.CLONE_NEWUSER,
  cgroup: CLONE.CLONE_NEWCGROUP,
  time: CLONE.CLONE_NEWTIME,
};

/** The namespaces of a spec, by type; types not in the map are the host's. */
export type NamespaceMap = ReadonlyMap<NamespaceType, NamespaceSpec>;

/** Checks the list and turns it into a map. */
export function namespaceMap(namespaces: readonly NamespaceSpec[]): NamespaceMap {
  const map = new Map<NamespaceType, NamespaceSpec>();
  namespaces.forEach((namespace, index) => {
    const path = `linux.namespaces[${index}]`;
    const { type } = namespace;
    if (!Object.hasOwn(namespaceFlags, type)) {
      throw invalid(`${path}.type`, `unknown namespace ${type as string}`);
    }
    if (map.has(type)) throw invalid(`${path}.type`, `namespace ${type} is given twice`);
    if (namespace.path !== undefined && !namespace.path.startsWith('/')) {
      throw invalid(`${path}.path`, `not an absolute path: ${namespace.path}`);
    }
    map.set(type, namespace);
  });
  if (!map.has('mount')) {
    throw invalid('linux.namespaces', 'a container needs its own mount namespace');
  }
  return map;
}

/** True when the container gets a namespace of this type that nobody had before. */
export function isNew(namespaces: NamespaceMap, type: NamespaceType): boolean {
  const namespace = namespaces.get(type);
  return namespace !== undefined && !namespace.path;
}

/**
 * Pid and time namespaces are made by clone3 itself: an unshare of these would hold for children only. So is a user
 * namespace, because all others must belong to it. The rest is unshared by the container process: a new network
 * namespace takes long, and the host track has the cgroups to do meanwhile. A time namespace with offsets needs more
 * (`timeRecords`).
 */
export function spawnFlags(namespaces: NamespaceMap, hasTimeOffsets: boolean): number {
  let flags = 0;
  for (const type of ['user', 'pid', 'time'] as const) {
    if (type === 'time' && hasTimeOffsets) continue;
    if (isNew(namespaces, type)) flags |= namespaceFlags[type];
  }
  return flags;
}

/** Whether a namespace given by path is joined before the process is made (user-namespace.ts). */
export type IsJoined = (type: NamespaceType) => boolean;

/** A pid namespace can be joined only by children to come: on the host track, before spawn. */
export function joinPidRecords(namespaces: NamespaceMap, isJoined: IsJoined): PlanRecord[] {
  const path = namespaces.get('pid')?.path;
  return path && !isJoined('pid') ? [onHost('join_pid', { path })] : [];
}

/**
 * Joins and unshares all but pid, time and user (spawn), and cgroup, which must be unshared once the process
 * is in its cgroup: the cgroup of that moment becomes the namespace's root, cgroup_namespaces(7).
 * Joins come first, because their paths are the host's, and of these the mount namespace last.
 */
export function enterRecords(namespaces: NamespaceMap, isJoined: IsJoined): PlanRecord[] {
  const records: PlanRecord[] = [];
  for (const type of ['network', 'ipc', 'uts', 'time', 'cgroup', 'mount'] as const) {
    const path = namespaces.get(type)?.path;
    if (path && !isJoined(type)) records.push(inContainer('setns', { flags: namespaceFlags[type], path }));
  }
  let flags = 0;
  for (const type of ['mount', 'network', 'ipc', 'uts'] as const) {
    if (isNew(namespaces, type)) flags |= namespaceFlags[type];
  }
  if (flags !== 0) records.push(inContainer('unshare', { flags }));
  if (isNew(namespaces, 'network')) records.push(inContainer('loopback_up', {}));
  return records;
}
