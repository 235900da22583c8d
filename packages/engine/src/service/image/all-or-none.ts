import { type CallContext, withSignal } from '@berth/model/context';

/**
 * Starts all the tasks at once. When one fails the others are told to stop, and it is thrown once all have ended: what
 * is cleaned up after is in nobody's use any more.
 */
export async function allOrNone<T>(
  context: CallContext,
  tasks: readonly ((context: CallContext) => Promise<T>)[],
): Promise<T[]> {
  const stop = new AbortController();
  const inner = withSignal(context, AbortSignal.any([context.signal, stop.signal]));
  let failure: { readonly error: unknown } | undefined;
  const guarded = async (task: (context: CallContext) => Promise<T>): Promise<T | undefined> => {
    try {
      return await task(inner);
    } catch (error) {
      failure ??= { error };
      stop.abort(error);
      return undefined;
    }
  };
  const results = await Promise.all(tasks.map(guarded));
  if (failure !== undefined) throw failure.error;
  return results as T[];
}
