import { askToken } from '../plan/ask-token.ts';
import type { LaunchContext } from './context.ts';
import { copyUp } from './copy-up.ts';
import { runHooks } from './host-hook.ts';
import { mapIds } from './id-map.ts';
import { moveNetDevices } from './net-device.ts';
import { makeScope } from './scope.ts';

/** A question of a plan that is being carried out (docs/plan.md, `ask`). */
export interface Question {
  readonly token: number;
  /** Of the container's process. */
  readonly pid: number;
}

/**
 * Does what a plan asks of its client. Resolves when the plan may go on; throws when it must not, in words for the user.
 * `created` is not for this function: when the container may go on is the caller's business.
 */
export async function answerQuestion(context: LaunchContext, { token, pid }: Question): Promise<void> {
  switch (token) {
    case askToken.idMaps:
      return await mapIds(pid, context.spec.linux);
    case askToken.createRuntime: {
      // prestart comes first: older hooks set up what newer ones find (runtime.md, "Lifecycle").
      moveNetDevices(context, pid);
      await runHooks(context, 'prestart', { status: 'creating', pid });
      return await runHooks(context, 'createRuntime', { status: 'creating', pid });
    }
    case askToken.createScope:
      return await makeScope(context, pid);
    case askToken.copyUp:
      return copyUp(context, pid);
    default:
      throw new RangeError(`a plan asked question ${token}, which nobody can answer`);
  }
}
