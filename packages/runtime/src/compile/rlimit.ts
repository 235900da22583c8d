import type { Integer64, RlimitSpec } from '@berth/model/runtime-spec';
import { invalid } from './invalid.ts';
import { meeting, token } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { inContainer, onHost } from './step.ts';
import type { Fields } from './step.ts';

/** Resource numbers of getrlimit(2), asm-generic/resource.h: the same on x86_64 and arm64. */
export const rlimitNumbers: Readonly<Record<string, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

/** RLIM64_INFINITY. */
const infinity = 0xffff_ffff_ffff_ffffn;

/**
 * Raising a hard limit needs CAP_SYS_RESOURCE of the host: before credentials drop, and by the shim (prlimit) for a
 * process in a user namespace, when no step is left that a low limit could break.
 */
export function limitMeeting(limits: readonly RlimitSpec[] | undefined, byShim: boolean): Meeting {
  const tokens = { reached: token.unlimited, done: token.limited };
  const fields = rlimits(limits);
  if (byShim) {
    return meeting(
      tokens,
      fields.map((one) => onHost('rlimit', one)),
    );
  }
  return { host: [], container: fields.map((one) => inContainer('rlimit', one)) };
}

/** One record's fields a limit, checked. */
export function rlimits(limits: readonly RlimitSpec[] | undefined): Fields<'rlimit'>[] {
  const seen = new Set<string>();
  return (limits ?? []).map((limit, index) => {
    const path = `process.rlimits[${index}]`;
    const resource = rlimitNumbers[limit.type];
    if (resource === undefined) throw invalid(`${path}.type`, `unknown limit ${limit.type}`);
    if (seen.has(limit.type)) throw invalid(`${path}.type`, `${limit.type} is given twice`);
    seen.add(limit.type);
    const soft = limitValue(limit.soft, `${path}.soft`);
    const hard = limitValue(limit.hard, `${path}.hard`);
    if (soft > hard) throw invalid(`${path}.soft`, `is above the hard limit of ${limit.type}`);
    return { resource, current: soft, maximum: hard };
  });
}

/**
 * JSON numbers lose the last digits of RLIM_INFINITY (2^64-1 reads as 2^64), and ulimit's own
 * spelling of it is -1: both mean unlimited.
 */
function limitValue(value: Integer64, path: string): bigint {
  const whole = typeof value === 'bigint' || Number.isInteger(value);
  if (!whole || value < -1) throw invalid(path, `not a limit: ${value}`);
  return value === -1 || value === -1n || value > infinity ? infinity : BigInt(value);
}
