import { asError, BerthError, type ErrorKind } from '@berth/model/error';
import { nameStep } from '@berth/runtime/explain/explain';
import { remedy } from '@berth/runtime/explain/remedy';
import type { Plan } from '@berth/runtime/plan/record';
import { StartFailure } from '@berth/runtime/shim/message';

/** What the client is told, and the exit code that the record gets: docker's 126, 127 and 128. */
export interface FailedStart {
  readonly error: BerthError;
  readonly exitCode: number;
}

export function startError(cause: unknown, plan: Plan, name: string): FailedStart {
  if (cause instanceof StartFailure) return stepError(plan, cause, name);
  const error = cause instanceof BerthError ? cause : new BerthError('internal', asError(cause).message, { cause });
  return { error, exitCode: 128 };
}

/** Which step of a plan failed, and what to do about it. */
export function stepError(
  plan: Plan,
  failed: { readonly record: number | undefined; readonly errno: number; readonly errnoName: string },
  name: string,
): FailedStart {
  const cause = failed instanceof Error ? { cause: failed } : {};
  const record = failed.record === undefined ? undefined : plan.records[failed.record];
  if (failed.record === undefined || record === undefined) {
    const message = `container ${name} ended before its program ran: ${failed.errnoName}`;
    return { error: new BerthError('failed_precondition', message, { code: 'start_failed', ...cause }), exitCode: 128 };
  }
  const { kind, message, hint, exitCode = 128 } = remedy(record, failed.errno);
  const step = nameStep(plan, { record: failed.record, errno: failed.errno });
  const text = kind === 'internal' ? step : `${message} (${step})`;
  const code = codes[exitCode] ?? 'start_failed';
  const detail = { code, ...cause, ...(hint === undefined ? {} : { hint }) };
  return { error: new BerthError(outward(kind), text, detail), exitCode };
}

const codes: Readonly<Record<number, string>> = { 126: 'command_not_executable', 127: 'command_not_found' };

/** The container is there: `not_found` would say that it is not. */
function outward(kind: ErrorKind): ErrorKind {
  return kind === 'not_found' || kind === 'internal' ? 'failed_precondition' : kind;
}
