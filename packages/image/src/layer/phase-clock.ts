import type { LayerTiming } from './job.ts';

export type Phase = Exclude<keyof LayerTiming, 'inflate'>;

/** Tells where the time of one layer's thread goes, so that the parts add up to the whole. */
export class PhaseClock {
  readonly #start = performance.now();
  readonly #spent: Record<Phase, number> = { transfer: 0, hash: 0, unpack: 0, order: 0, sync: 0 };

  /** Runs synchronous work of a phase. Phases do not nest. */
  run<T>(phase: Phase, action: () => T): T {
    const start = performance.now();
    try {
      return action();
    } finally {
      this.#spent[phase] += performance.now() - start;
    }
  }

  /** Counts as waiting what the thread did not use for other phases meanwhile. */
  async wait<T>(phase: Phase, promise: Promise<T>): Promise<T> {
    const start = performance.now();
    const before = this.#busy();
    try {
      return await promise;
    } finally {
      this.#spent[phase] += performance.now() - start - (this.#busy() - before);
    }
  }

  /** What is left is the wait for inflated bytes. */
  timing(): LayerTiming {
    const inflate = Math.max(0, performance.now() - this.#start - this.#busy());
    return { ...this.#spent, inflate };
  }

  #busy(): number {
    return Object.values(this.#spent).reduce((sum, part) => sum + part, 0);
  }
}
