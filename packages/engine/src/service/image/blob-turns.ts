/**
 * Lets one call at a time write a blob and unpack it; the next one finds it there. Two loads of images that share
 * layers would otherwise refuse each other.
 */
export class BlobTurns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs the action when it is its turn. @throws what the signal was aborted with, when that is earlier */
  async run<T>(digest: string, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(digest);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const mine = before === undefined ? done : before.then(() => done);
    this.#last.set(digest, mine);
    try {
      if (before !== undefined) await orAborted(before, signal);
      return await action();
    } finally {
      resolve();
      if (this.#last.get(digest) === mine) this.#last.delete(digest);
    }
  }
}

async function orAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const give = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', give, { once: true });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    signal.removeEventListener('abort', give);
  }
}
