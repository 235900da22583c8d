import { BerthError } from '@berth/model/error';

/** A user as the kernel wants it, and the home that the passwd file names. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, ascending, without `gid`. */
  readonly additionalGids: readonly number[];
  /** `/` for a user that the passwd file does not have. */
  readonly home: string;
}

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The largest id: 2^32-1 means "no change" to the kernel. */
const maxId = 0xffff_fffe;

/**
 * Docker's user string (`""`, `name`, `uid`, `name:group`, `uid:gid`) by the image's own files; a
 * missing file is an empty text. A number need not be in the files; a name must. With a group given,
 * it is the only one; without, the groups that list the user are added. `groupAdd` is docker's
 * `--group-add`. Throws `invalid_argument` with code `unknown_user` or `unknown_group`.
 */
export function resolveUser(
  user: string,
  files: { readonly passwd: string; readonly group: string },
  groupAdd: readonly string[] = [],
): ResolvedUser {
  const separator = user.indexOf(':');
  const [who, groupName] = separator < 0 ? [user, ''] : [user.slice(0, separator), user.slice(separator + 1)];
  const groups = parseGroup(files.group);
  const entry = findUser(who || '0', parsePasswd(files.passwd));
  const uid = entry?.uid ?? numeric(who || '0');
  if (uid === undefined) throw unknownUser(who);
  const gid = groupName === '' ? (entry?.gid ?? 0) : groupId(groupName, groups);
  const member = groupName === '' && entry !== undefined ? memberships(entry.name, groups) : [];
  const added = groupAdd.map((name) => groupId(name, groups));
  const additionalGids = [...new Set([...member, ...added])].filter((id) => id !== gid).toSorted((a, b) => a - b);
  return { uid, gid, additionalGids, home: entry?.home || '/' };
}

/** passwd(5); lines that do not have its shape are passed over, as the C library does. */
export function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap((line) => {
    const [name, , uid, gid, , home] = line.split(':');
    const ids = [numeric(uid ?? ''), numeric(gid ?? '')] as const;
    if (!name || ids[0] === undefined || ids[1] === undefined) return [];
    return [{ name, uid: ids[0], gid: ids[1], home: home ?? '' }];
  });
}

/** group(5). */
export function parseGroup(text: string): GroupEntry[] {
  return lines(text).flatMap((line) => {
    const [name, , id, members = ''] = line.split(':');
    const gid = numeric(id ?? '');
    if (!name || gid === undefined) return [];
    return [{ name, gid, members: members.split(',').filter((member) => member !== '') }];
  });
}

/** A name first, then a number: a user named `1000` exists for docker and shadow alike. */
function findUser(who: string, entries: readonly PasswdEntry[]): PasswdEntry | undefined {
  const id = numeric(who);
  return entries.find(({ name }) => name === who) ?? entries.find(({ uid }) => uid === id);
}

function groupId(name: string, groups: readonly GroupEntry[]): number {
  const gid = groups.find((group) => group.name === name)?.gid ?? numeric(name);
  if (gid === undefined) {
    throw new BerthError('invalid_argument', `unknown group ${name}`, {
      code: 'unknown_group',
      hint: `the image's /etc/group has no group ${name}; a number works without it`,
    });
  }
  return gid;
}

function memberships(user: string, groups: readonly GroupEntry[]): number[] {
  return groups.filter(({ members }) => members.includes(user)).map(({ gid }) => gid);
}

function numeric(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= maxId ? value : undefined;
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function unknownUser(who: string): BerthError {
  return new BerthError('invalid_argument', `unknown user ${who}`, {
    code: 'unknown_user',
    hint: `the image's /etc/passwd has no user ${who}; a number works without it`,
  });
}
