import { asError, BerthError } from '@berth/model/error';
import type { FailedStart, RuntimeHandler, ContainerPlace } from '@berth/runtime/handler/contract';
import type { Plan } from '@berth/runtime/plan/record';
import { StartFailure } from '@berth/runtime/shim/message';

/** What was tried. */
export interface Tried {
  readonly handler: RuntimeHandler;
  readonly place: ContainerPlace;
  readonly plan: Plan;
  /** What the user calls the container. */
  readonly name: string;
  /** The exec's number; absent for a start. */
  readonly exec?: number;
}

/** What the client is told of a plan that failed, and the exit code that the record gets: docker's 126, 127 and 128. */
export async function startError(cause: unknown, { handler, place, ...tried }: Tried): Promise<FailedStart> {
  if (cause instanceof StartFailure) return await handler.startError(place, { ...tried, failure: cause });
  return otherFailure(cause);
}

/** Of a start that failed outside its plan. */
export function otherFailure(cause: unknown): FailedStart {
  const error = cause instanceof BerthError ? cause : new BerthError('internal', asError(cause).message, { cause });
  return { error, exitCode: 128 };
}
