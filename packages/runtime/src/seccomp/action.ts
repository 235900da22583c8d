import type { SeccompSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';

/** SECCOMP_RET_ values, seccomp(2). */
export const ret = {
  killProcess: 0x8000_0000,
  killThread: 0x0000_0000,
  trap: 0x0003_0000,
  errno: 0x0005_0000,
  notify: 0x7fc0_0000,
  trace: 0x7ff0_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
} as const;

export const EPERM = 1;
export const ENOSYS = 38;

const actions: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: ret.killThread,
  SCMP_ACT_KILL_THREAD: ret.killThread,
  SCMP_ACT_KILL_PROCESS: ret.killProcess,
  SCMP_ACT_TRAP: ret.trap,
  SCMP_ACT_ERRNO: ret.errno,
  SCMP_ACT_TRACE: ret.trace,
  SCMP_ACT_LOG: ret.log,
  SCMP_ACT_NOTIFY: ret.notify,
  SCMP_ACT_ALLOW: ret.allow,
};

/** What a spec may name as an action. */
export const actionNames: readonly string[] = Object.keys(actions);

/** The value a filter returns for an action. The errno (default EPERM) is for ERRNO and TRACE. */
export function actionValue(name: string, errno: number | undefined, path: string): number {
  const value = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (value === undefined) throw invalid(`${path}.action`, `unknown action ${name}`);
  if (value !== ret.errno && value !== ret.trace) return value;
  const number = errno ?? EPERM;
  if (!Number.isInteger(number) || number < 0 || number > 0xffff) {
    throw invalid(`${path}.errnoRet`, `not an error number: ${number}`);
  }
  return value | number;
}

/** Whether the action lets the call happen: an unknown new call then needs no ENOSYS. */
export function isPermissive(value: number): boolean {
  const kind = (value & 0xffff_0000) >>> 0;
  return kind === ret.allow || kind === ret.log || kind === ret.trace;
}

/** SECCOMP_FILTER_FLAG_ bits, linux/seccomp.h. */
const flags: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

const newListener = 8;
/** How a failed TSYNC is told when the result is a descriptor. */
const tsyncErrno = 16;

/** Each flag that a spec may name, with its bit. */
export const filterFlagBits: Readonly<Record<string, number>> = flags;

/**
 * The flags of the filter. None given means SPEC_ALLOW, as runc does since 1.1.5: without it the
 * kernel slows every process down that has a filter on processors with old speculation bugs.
 * A filter that `notifies` gives a listener. Only then the kernel takes WAIT_KILLABLE_RECV, which libseccomp drops
 * otherwise, and so do we.
 */
export function filterFlags(spec: SeccompSpec, notifies: boolean): number {
  const given = spec.flags?.reduce((bits, name, index) => {
    const bit = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (bit === undefined) throw invalid(`linux.seccomp.flags[${index}]`, `unknown flag ${name}`);
    return bits | bit;
  }, 0);
  const wanted = given ?? 4;
  if (!notifies) return wanted & ~32;
  return wanted | newListener | (wanted & 1 ? tsyncErrno : 0);
}
