import { BerthError, type ErrorKind } from '@berth/model/error';
import { nameStep } from '../explain/explain.ts';
import { remedy } from '../explain/remedy.ts';
import type { Plan } from '../plan/record.ts';
import type { FailedStart } from './contract.ts';

/** A record that ended a start, as the shim tells it or a start's record keeps it. */
export interface FailedStep {
  /** Undefined: none was at fault. */
  readonly record: number | undefined;
  readonly errno: number;
  readonly errnoName: string;
  /** What a failed program of the plan said. */
  readonly note?: string;
}

/** Which step of a plan failed, and what to do about it. */
export function stepError(plan: Plan, failed: FailedStep, name: string): FailedStart {
  // What the client refused has been said already, where it was refused.
  if (failed instanceof Error && failed.cause instanceof BerthError) return { error: failed.cause, exitCode: 128 };
  const cause = failed instanceof Error ? { cause: failed } : {};
  const record = failed.record === undefined ? undefined : plan.records[failed.record];
  if (failed.record === undefined || record === undefined) {
    const message = `container ${name} ended before its program ran: ${failed.errnoName}`;
    return { error: new BerthError('failed_precondition', message, { code: 'start_failed', ...cause }), exitCode: 128 };
  }
  const { kind, message, hint, exitCode = 128 } = remedy(record, failed.errno);
  const step = nameStep(plan, { record: failed.record, errno: failed.errno });
  const said = failed.note?.trim() ? `: ${failed.note.trim()}` : '';
  const text = kind === 'internal' ? `${step}${said}` : `${message} (${step})${said}`;
  const code = codes[exitCode] ?? 'start_failed';
  const detail = { code, ...cause, ...(hint === undefined ? {} : { hint }) };
  return { error: new BerthError(outward(kind), text, detail), exitCode };
}

const codes: Readonly<Record<number, string>> = { 126: 'command_not_executable', 127: 'command_not_found' };

/** The container is there: `not_found` would say that it is not. */
function outward(kind: ErrorKind): ErrorKind {
  return kind === 'not_found' || kind === 'internal' ? 'failed_precondition' : kind;
}
