import { posix } from 'node:path';
import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { capabilityBit, capabilityMask } from './capability.ts';
import { invalid } from './invalid.ts';
import { inContainer, soft } from './step.ts';

/** runtime-spec leaves the default to the runtime; this is what runc and every shell use. */
const defaultUmask = 0o022;

interface CapabilityMasks {
  readonly bounding: bigint;
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

export interface CredentialFacts {
  readonly filter: readonly PlanRecord[];
  readonly beforeFilter: readonly PlanRecord[];
  /** Capabilities that there are to give. */
  readonly available: bigint;
  /** Whether setgroups(2) is denied, where the process keeps the groups of its caller. Unknown: it may be. */
  readonly noGroups: boolean | undefined;
}

/**
 * From root to the process's own user, capabilities, working folder and filter.
 *
 * - The bounding set goes first: dropping from it needs CAP_SETPCAP, which setresuid takes away.
 * - setgroups needs CAP_SETGID and comes before setresuid for the same reason.
 * - keep_caps lets the permitted set survive setresuid, so that a bridge set can be raised after it.
 * - The working folder is entered as the final user (a FUSE or root-squashed folder takes nobody
 *   else) but with CAP_DAC_READ_SEARCH still raised (`docker run -u 1000 -w /root` works). runc
 *   tries twice, before and after, for the same two cases.
 * - A filter without no_new_privs needs CAP_SYS_ADMIN, so it is installed under the bridge set;
 *   with no_new_privs it needs nothing and is the last thing before execve.
 * - `beforeFilter` (the wait for `start`, hooks of the container) runs with the working folder and user of the
 *   program, but before the filter: that one knows only what the program needs.
 * - Capabilities that are not `available` are left out of every set.
 */
export function credentialRecords(process: ProcessSpec, facts: CredentialFacts): PlanRecord[] {
  const { user } = process;
  const { filter } = facts;
  const caps = masks(process, facts.available);
  const early = process.noNewPrivileges ? [] : filter;
  const late = process.noNewPrivileges ? filter : [];
  return [
    inContainer('bounding', { keep: caps.bounding }),
    inContainer('keep_caps', { value: 1 }),
    ...groupRecords(user.additionalGids ?? [], facts.noGroups),
    inContainer('user', { uid: id(user.uid, 'uid'), gid: id(user.gid, 'gid') }),
    ...bridge(user.uid, caps, early.length > 0),
    inContainer('chdir', { path: workingFolder(process.cwd) }),
    inContainer('umask', { mask: umask(user.umask) }),
    ...facts.beforeFilter,
    ...early,
    inContainer('capset', {
      effective: caps.effective,
      permitted: caps.permitted,
      inheritable: caps.inheritable,
    }),
    inContainer('ambient', { raise: caps.ambient }),
    ...(process.noNewPrivileges ? [inContainer('no_new_privs', {})] : []),
    ...late,
  ];
}

/** Root keeps its effective set over setresuid(0); all others have to raise it again. */
function bridge(uid: number, caps: CapabilityMasks, filters: boolean): PlanRecord[] {
  if (uid === 0) return [];
  const search = capabilityBit('CAP_DAC_READ_SEARCH') ?? 0n;
  const admin = filters ? (capabilityBit('CAP_SYS_ADMIN') ?? 0n) : 0n;
  // Inheritable ones too: capset(2) takes new inheritable bits only out of the permitted ones.
  const permitted = caps.permitted | caps.inheritable | search | admin;
  const record = inContainer('capset', { effective: search | admin, permitted, inheritable: 0 });
  // Without a filter the bridge is only there to enter folders that the user may not search.
  return [filters ? record : soft(record)];
}

function masks({ capabilities = {} }: ProcessSpec, available: bigint): CapabilityMasks {
  const mask = (set: keyof CapabilityMasks) =>
    capabilityMask(capabilities[set], `process.capabilities.${set}`) & available;
  const permitted = mask('permitted');
  const inheritable = mask('inheritable');
  const effective = mask('effective');
  if (effective & ~permitted) {
    throw invalid('process.capabilities.effective', 'has capabilities that are not permitted');
  }
  // The kernel takes as ambient only what is both, capabilities(7); runc leaves the rest out too.
  const ambient = mask('ambient') & permitted & inheritable;
  return { bounding: mask('bounding'), effective, permitted, inheritable, ambient };
}

function groupRecords(gids: readonly number[], denied: boolean | undefined): PlanRecord[] {
  const record = inContainer('groups', { gids: groupIds(gids) });
  if (denied === undefined && gids.length === 0) return [soft(record)];
  if (!denied) return [record];
  if (gids.length === 0) return [];
  throw invalid(
    'process.user.additionalGids',
    'setgroups is denied in this user namespace',
    'map more than one group, with newgidmap, or leave the groups out',
  );
}

function groupIds(gids: readonly number[]): Uint8Array {
  const checked = gids.map((gid, index) => id(gid, `additionalGids[${index}]`));
  const bytes = new Uint8Array(4 * checked.length);
  const view = new DataView(bytes.buffer);
  checked.forEach((gid, index) => view.setUint32(4 * index, gid, true));
  return bytes;
}

/** 2^32-1 is "leave as it is" to the kernel: it must never come from a spec. */
function id(value: number, field: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= 0xffff_ffff) {
    throw invalid(`process.user.${field}`, `not a user or group id: ${value}`);
  }
  return value;
}

function umask(value: number | undefined): number {
  if (value === undefined) return defaultUmask;
  if (!Number.isInteger(value) || value < 0 || value > 0o777) {
    throw invalid('process.user.umask', `not a file mode mask: ${value}`);
  }
  return value;
}

function workingFolder(cwd: string): string {
  if (!posix.isAbsolute(cwd)) throw invalid('process.cwd', `not an absolute path: '${cwd}'`);
  return cwd;
}
