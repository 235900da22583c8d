import { BerthError } from '@berth/model/error';
import type { IdRange, PodConfig, Security } from '@berth/model/pod-config';
import type { IdMapping } from '@berth/model/runtime-spec';
import { badField } from './field-error.ts';

/** The maps of a pod's user namespace, as the runtime spec has them. */
export interface UserMaps {
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
}

const field = 'linux.security_context.namespace_options.userns_options';
/** 2^32-1 means "no change" to the kernel and is no id. */
const idEnd = 0xffff_ffff;

/**
 * The pod's own user namespace; undefined for a pod in the host's.
 * @throws invalid_argument, failed_precondition (`no_user_namespaces`) where the runtime cannot make one
 */
export function podUserMaps({ security }: PodConfig, host: { readonly userNamespaces: boolean }): UserMaps | undefined {
  const maps = userMapsOf(security);
  if (maps === undefined) return undefined;
  const { network, pid, ipc } = security.namespaces;
  if (pid === 'node') throw badField(`${field}.mode`, "a user namespace cannot be joined with the host's processes");
  if (ipc === 'node') throw badField(`${field}.mode`, "a user namespace cannot be joined with the host's ipc");
  if (host.userNamespaces) return maps;
  throw new BerthError('failed_precondition', `${field}: the runtime handler makes no user namespaces`, {
    code: 'no_user_namespaces',
    hint: `leave hostUsers out of the pod${network === 'node' ? '' : ', or name a handler that has them in its features'}`,
  });
}

/** A container has its pod's, word for word. @throws invalid_argument */
export function checkSameMaps(pod: Security, container: Security): void {
  const [its, own] = [userMapsOf(pod), userMapsOf(container)].map((maps) => JSON.stringify(maps ?? null));
  if (its !== own) throw badField(field, "a container has the user namespace of its pod, and this is not the pod's");
}

/** An id of the container that is nobody in its user namespace would be refused by the kernel without a word why. */
export function checkMapped(mappings: readonly IdMapping[], id: number, name: string): void {
  if (mappings.some(({ containerID, size }) => id >= containerID && id < containerID + size)) return;
  throw badField(`linux.security_context.${name}`, `${id} is not mapped in the pod's user namespace`);
}

/** Ranges as the lines of an id map. */
export function idMappings(ranges: readonly IdRange[]): IdMapping[] {
  return ranges.map(({ hostId, containerId, length }) => ({ containerID: containerId, hostID: hostId, size: length }));
}

function userMapsOf({ namespaces: { user } }: Security): UserMaps | undefined {
  if (user === undefined) return undefined;
  const { mode, uids, gids } = user;
  if (mode === 'node') {
    if (uids.length + gids.length === 0) return undefined;
    throw badField(field, 'mode NODE has no mappings');
  }
  if (mode !== 'pod') throw badField(`${field}.mode`, `${mode.toUpperCase()} is not a mode of user namespaces`);
  return { uidMappings: oneRange(uids, `${field}.uids`), gidMappings: oneRange(gids, `${field}.gids`) };
}

function oneRange(ranges: readonly IdRange[], where: string): IdMapping[] {
  const [range, ...others] = ranges;
  if (range === undefined) throw badField(where, 'mode POD needs a mapping');
  if (others.length > 0) throw badField(where, 'only one mapping can be given');
  if (range.containerId !== 0) throw badField(`${where}[0].container_id`, 'id 0 of the container has to be mapped');
  const { hostId, length } = range;
  if (!isId(length) || length === 0) throw badField(`${where}[0].length`, `not a number of ids: ${length}`);
  if (!isId(hostId) || hostId + length > idEnd) throw badField(`${where}[0].host_id`, `not ids of the host: ${hostId}`);
  return idMappings(ranges);
}

function isId(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < idEnd;
}
