import type { IdMapping, NamespaceType, RuntimeSpec } from '@berth/model/runtime-spec';
import { askToken } from '../plan/ask-token.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { HostFacts } from './facts.ts';
import { invalid } from './invalid.ts';
import { token } from './meeting.ts';
import type { NamespaceMap } from './namespace.ts';
import { inContainer, onHost } from './step.ts';

/** A container's own user namespace, user_namespaces(7). */
export interface UserNamespace {
  /** Of a namespace that is joined. */
  readonly path: string | undefined;
  /** Empty when nobody told the maps of a joined one. */
  readonly uid: readonly IdMapping[];
  readonly gid: readonly IdMapping[];
  /** The shim has more rights than the process: it opens, limits and writes for it. */
  readonly hostHelps: boolean;
  /** setgroups(2) is denied in it: the price of a map that an unprivileged user writes. Unknown of a joined one. */
  readonly noGroups: boolean | undefined;
}

/** Undefined when the container lives in the user namespace of its caller. */
export function userNamespace(
  spec: RuntimeSpec,
  facts: HostFacts,
  namespaces: NamespaceMap,
): UserNamespace | undefined {
  const namespace = namespaces.get('user');
  const { uidMappings = [], gidMappings = [] } = spec.linux;
  if (namespace === undefined) {
    const field = uidMappings.length > 0 ? 'uidMappings' : 'gidMappings';
    if (uidMappings.length + gidMappings.length === 0) return undefined;
    throw invalid(`linux.${field}`, 'there is no user namespace to map ids in', 'add it to linux.namespaces');
  }
  const path = namespace.path || undefined;
  const { uid, gid } = (path && facts.idMappings) || { uid: uidMappings, gid: gidMappings };
  if (path === undefined) checkMaps(uid, gid);
  const rootless = facts.rootless ?? false;
  const noGroups = path === undefined ? rootless && isSingle(uid) && isSingle(gid) : undefined;
  return { path, uid, gid, hostHelps: !rootless, noGroups };
}

/** Lines of uid_map or gid_map. */
export function mapLines(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
}

/** Whether an id of the container is one of the host too. */
export function isMapped(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size);
}

/**
 * Before `spawn`, in the order in which they are joined. With rights over the host its own namespaces come first: a
 * process in a user namespace could not join them any more. Without, only the user namespace gives the right to the others.
 */
export function joinEarlyRecords(user: UserNamespace | undefined, namespaces: NamespaceMap): PlanRecord[] {
  if (user === undefined) return [];
  const first = user.hostHelps ? earlyTypes.map((type) => namespaces.get(type)?.path) : [];
  return [...first, user.path].filter((path) => path).map((path) => onHost('join_early', { path: path! }));
}

/** Whether a namespace that is joined by path is joined on the host track already. */
export function isJoinedEarly(user: UserNamespace | undefined, type: NamespaceType): boolean {
  return user?.hostHelps === true && earlyTypes.includes(type);
}

/** All but the mount namespace, behind which the plan would not find the host's files. */
const earlyTypes: readonly NamespaceType[] = ['pid', 'network', 'ipc', 'uts', 'cgroup', 'time'];

/**
 * After `spawn`: the maps. Without privileges one id each may be written, and only once setgroups(2) is denied; more
 * is what newuidmap(1) and newgidmap(1) are for, which the client runs.
 */
export function mapRecords(user: UserNamespace | undefined): PlanRecord[] {
  if (user === undefined || user.path !== undefined) return [];
  const post = onHost('post', { token: token.mapped });
  if (!user.hostHelps && !user.noGroups) return [onHost('ask', { token: askToken.idMaps, keep: 0 }), post];
  const deny = user.noGroups ? [onHost('write_file', { path: 'setgroups', data: 'deny' })] : [];
  return [
    ...deny,
    onHost('write_file', { path: 'uid_map', data: mapLines(user.uid) }),
    onHost('write_file', { path: 'gid_map', data: mapLines(user.gid) }),
    post,
  ];
}

/** The process: until now it had an id that its namespace does not know. */
export function becomeRootRecords(user: UserNamespace | undefined): PlanRecord[] {
  return user === undefined ? [] : [inContainer('user', { uid: 0, gid: 0 })];
}

export function waitForMapRecords(user: UserNamespace | undefined): PlanRecord[] {
  if (user === undefined || user.path !== undefined) return [];
  return [inContainer('wait', { token: token.mapped })];
}

function isSingle([first, ...others]: readonly IdMapping[]): boolean {
  return first?.size === 1 && others.length === 0;
}

function checkMaps(uid: readonly IdMapping[], gid: readonly IdMapping[]): void {
  for (const [field, mappings] of Object.entries({ uidMappings: uid, gidMappings: gid })) {
    if (mappings.length === 0) throw invalid(`linux.${field}`, 'a new user namespace needs a map');
    mappings.forEach(({ containerID, hostID, size }, index) => {
      for (const [name, value] of Object.entries({ containerID, hostID, size })) {
        if (Number.isInteger(value) && value >= (name === 'size' ? 1 : 0) && value <= 0xffff_ffff) continue;
        throw invalid(`linux.${field}[${index}].${name}`, `not an id or a number of ids: ${value}`);
      }
    });
  }
}
