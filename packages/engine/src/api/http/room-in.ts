import type { Writable } from 'node:stream';

/** Until a stream takes more. Without 'close' a client that goes away while we wait would leave this promise for ever. */
export async function roomIn(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => resolve();
  stream.once('drain', done).once('close', done);
  await promise;
  // A long answer waits often: the other listener would stay each time.
  stream.off('drain', done).off('close', done);
}
