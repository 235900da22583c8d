/** Runs at most so many tasks at once; the others wait in their order. */
export class Lanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = Math.max(1, count);
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#free--;
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/**
 * All results; when one fails `stop` is called and the error is thrown once every other has ended: nothing goes on
 * behind the caller's back.
 */
export async function allOrStop<T>(tasks: readonly Promise<T>[], stop: (reason: unknown) => void): Promise<T[]> {
  let failed = false;
  let first: unknown;
  const guarded = tasks.map(async (task) => {
    try {
      return await task;
    } catch (error) {
      if (!failed) {
        failed = true;
        first = error;
        stop(error);
      }
      throw error;
    }
  });
  await Promise.allSettled(guarded);
  if (failed) throw first;
  return await Promise.all(guarded);
}
