import type { Progress, ProgressStep } from './contract.ts';

/** What callers of one run share: it is started once, and told when the last of them has gone. */
export type SharedRun<T> = (signal: AbortSignal, progress: Progress) => Promise<T>;

export interface Joined {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Calls that mean the same thing at the same time are one. */
export class SharedRuns<T> {
  readonly #runs = new Map<string, Run<T>>();

  /**
   * Starts a run, or joins the one with this key. All callers hear its progress, those that come later beginning with
   * the newest step of each thing. A caller that goes leaves the run to the others; the last one stops it, and waits
   * until all is cleaned up.
   */
  async join(key: string, { signal, progress }: Joined, start: SharedRun<T>): Promise<T> {
    signal.throwIfAborted();
    const run = this.#runs.get(key) ?? this.#start(key, start);
    const left = Promise.withResolvers<never>();
    left.promise.catch(() => undefined);
    const leave = (): void => {
      run.listeners.delete(progress);
      if (run.listeners.size > 0) return left.reject(signal.reason as Error);
      // Whoever comes now begins anew.
      if (this.#runs.get(key) === run) this.#runs.delete(key);
      run.stop.abort(signal.reason);
    };
    run.listeners.add(progress);
    for (const step of run.latest.values()) progress(step);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([run.result, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      run.listeners.delete(progress);
    }
  }

  #start(key: string, start: SharedRun<T>): Run<T> {
    const stop = new AbortController();
    const listeners = new Set<Progress>();
    const latest = new Map<string, ProgressStep>();
    const tell: Progress = (step) => {
      latest.set(step.id, step);
      for (const listener of listeners) listener(step);
    };
    const result = start(stop.signal, tell).finally(() => {
      if (this.#runs.get(key) === run) this.#runs.delete(key);
    });
    // Every caller may have gone by the time it fails.
    result.catch(() => undefined);
    const run: Run<T> = { stop, listeners, latest, result };
    this.#runs.set(key, run);
    return run;
  }
}

interface Run<T> {
  readonly stop: AbortController;
  readonly listeners: Set<Progress>;
  /** By id. */
  readonly latest: Map<string, ProgressStep>;
  readonly result: Promise<T>;
}
