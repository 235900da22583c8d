import { getSystemErrorMap } from 'node:util';
import { BerthError } from '@berth/model/error';
import { items } from '../explain/describe.ts';
import { errnoNameOf } from '../explain/errno-name.ts';
import { nameStep } from '../explain/explain.ts';
import { remedy } from '../explain/remedy.ts';
import type { Plan, PlanRecord } from '../plan/record.ts';

/** A record of a plan that failed, as FAILED or the gate tells it. */
export interface FailedStep {
  /** Undefined: none was at fault. */
  readonly record: number | undefined;
  /** Positive; 256 and more: exit code of a program that the plan ran. */
  readonly errno: number;
  /** What a failed program said. */
  readonly note?: string;
}

/** A program that ended badly has its exit code above this one (docs/plan.md). */
const programFailed = 256;

/**
 * A failed start in the words that clients of runc look for (`executable file not found in $PATH`, the text of the
 * errno), with the step that failed and what to do about it.
 */
export function startError(plan: Plan, failed: FailedStep): BerthError {
  const { record: index, errno, note = '' } = failed;
  const record = index === undefined ? undefined : plan.records[index];
  const begin = 'unable to start container process';
  const said = note.trim() === '' ? '' : `: ${note.trim()}`;
  if (record === undefined || index === undefined) {
    return new BerthError('internal', `${begin}: ${errnoText(errno)}${said}`, { code: 'start_failed' });
  }
  const program = programError(plan, record, errno);
  if (program !== undefined) {
    const kind = errno === errnoOf.ENOENT ? 'not_found' : 'permission_denied';
    return new BerthError(kind, `${begin}: ${program}`, { code: 'start_failed' });
  }
  const { kind, message, hint } = remedy(record, errno);
  const step = nameStep(plan, { record: index, errno });
  // What a program ended with is in the message already.
  const end = errno >= programFailed ? '' : `: ${errnoText(errno)}`;
  return new BerthError(kind, `${begin}: ${message}${end}${said} [${step}]`, { code: 'start_failed', hint });
}

const errnoOf = { EPERM: 1, ENOENT: 2, ENOEXEC: 8, EACCES: 13, ENOTDIR: 20 } as const;

/** runc's words for a program that cannot be run, which everybody matches on. */
function programError(plan: Plan, record: PlanRecord, errno: number): string | undefined {
  if (record.kind !== 'execve' && record.kind !== 'program_check') return undefined;
  const execve = plan.records.find((one) => one.kind === 'execve');
  const program = (execve === undefined ? undefined : items(execve.argv)[0]) ?? '';
  const quoted = JSON.stringify(program);
  if (errno === errnoOf.ENOENT || errno === errnoOf.ENOTDIR) {
    if (!program.includes('/')) return `exec: ${quoted}: executable file not found in $PATH`;
    return `exec: ${quoted}: stat ${program}: no such file or directory`;
  }
  if (errno === errnoOf.EACCES || errno === errnoOf.EPERM) return `exec: ${quoted}: permission denied`;
  if (errno === errnoOf.ENOEXEC) return `exec ${program}: exec format error`;
  return undefined;
}

/** What to say instead when the kernel had no memory for the container: whatever record it was at, that is the cause. */
export function memoryError(cause: BerthError): BerthError {
  return new BerthError(
    'resource_exhausted',
    'unable to start container process: container init was OOM-killed (memory limit too low?)',
    { code: 'start_failed', hint: 'raise linux.resources.memory.limit', cause },
  );
}

/** As strerror(3) has it: `no such file or directory`. */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? errnoNameOf(errno);
}
