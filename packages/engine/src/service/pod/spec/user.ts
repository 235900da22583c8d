import type { ContainerSecurity } from '@berth/model/pod-config';
import { resolveUser } from '@berth/runtime/defaults/user';
import { badField } from './field-error.ts';

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first. */
  readonly additionalGids: readonly number[];
}

/** The image's own files as texts, empty where it has none. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

const field = 'linux.security_context';
/** 2^32-1 means "no change" to the kernel. */
const maxId = 0xffff_fffe;

/**
 * The user of a container's first process: what is asked for, else the image's, else root. Groups by policy: `merge` adds
 * those that the image's /etc/group lists the user in, `strict` knows only the ones that are given.
 * @throws invalid_argument (also `unknown_user`, `unknown_group`: a name that the image does not have)
 */
export function containerUser(security: ContainerSecurity, imageUser: string, files: UserFiles): ContainerUser {
  checkIds(security);
  const wanted = userString(security) || imageUser;
  const { uid, gid } = resolveUser(wanted, files);
  // As with the peers: groups of the user, also where a primary group is given.
  const [who = ''] = wanted.split(':', 1);
  const member = security.groupsPolicy === 'strict' ? [] : resolveUser(who, files).additionalGids;
  return { uid, gid, additionalGids: [...new Set([gid, ...member, ...security.supplementalGroups])] };
}

function userString({ runAsUser, runAsGroup, runAsUsername }: ContainerSecurity): string {
  const who = runAsUser === undefined ? runAsUsername : String(runAsUser);
  if (runAsGroup === undefined) return who;
  if (who === '') throw badField(`${field}.run_as_group`, 'needs run_as_user or run_as_username beside it');
  return `${who}:${runAsGroup}`;
}

function checkIds({ runAsUser, runAsGroup, runAsUsername, supplementalGroups }: ContainerSecurity): void {
  checkId(runAsUser, 'run_as_user');
  checkId(runAsGroup, 'run_as_group');
  supplementalGroups.forEach((gid, index) => checkId(gid, `supplemental_groups[${index}]`));
  if (runAsUsername.includes(':')) throw badField(`${field}.run_as_username`, `not a user's name: ${runAsUsername}`);
}

function checkId(id: number | undefined, name: string): void {
  if (id === undefined || (Number.isInteger(id) && id >= 0 && id <= maxId)) return;
  throw badField(`${field}.${name}`, `not an id: ${id}`);
}
