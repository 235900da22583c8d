import { setImmediate as others } from 'node:timers/promises';

/** Milliseconds of work after which others have their turn. */
const slice = 5;

/** One after the other; hundreds of them do not hold back the other calls of the daemon. @throws the signal's reason */
export async function inSlices<T, R>(
  items: Iterable<T>,
  signal: AbortSignal,
  map: (item: T) => Promise<R | undefined>,
): Promise<R[]> {
  const results: R[] = [];
  let began = performance.now();
  for (const item of items) {
    signal.throwIfAborted();
    const result = await map(item);
    if (result !== undefined) results.push(result);
    if (performance.now() - began < slice) continue;
    await others();
    began = performance.now();
  }
  return results;
}
