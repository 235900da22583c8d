import type { Log } from '@berth/model/context';
import type { Collector } from '../metadata.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';

export interface ScheduleParts {
  readonly metadata: SqliteMetadata;
  readonly collector: Collector;
  readonly log: Log;
  /** For tests: other times than the engine's. */
  readonly times?: Partial<ScheduleTimes>;
}

/** All in milliseconds, but for `mutations`. */
export interface ScheduleTimes {
  /** After something was deleted: long enough for a client that deletes many things to be done. */
  readonly afterDeletion: number;
  /** After so many writes it is as if something had been deleted (containerd's number). */
  readonly mutations: number;
  /** After any other write. */
  readonly afterChange: number;
  /** What ends by itself is looked for no more often than this, so that an idle daemon sleeps. */
  readonly betweenExpiries: number;
}

const usual: ScheduleTimes = {
  afterDeletion: 500,
  mutations: 100,
  afterChange: 5 * 60_000,
  betweenExpiries: 10 * 60_000,
};

/** A timer's longest time, ms: beyond it fires at once (setTimeout). */
const longest = 2 ** 31 - 1;

/**
 * Decides when garbage is collected without being asked: soon after deletions and after many writes, minutes after
 * others, and when a lease or an image has come to its end. There is one timer at most, and none while nothing happens
 * and nothing is to end.
 */
export class CollectionSchedule implements Disposable {
  readonly #parts: ScheduleParts;
  readonly #times: ScheduleTimes;
  #timer: NodeJS.Timeout | undefined;
  #due = Infinity;
  #isOver = false;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
    this.#times = { ...usual, ...parts.times };
    parts.metadata.mutations.onChange = () => this.#changed();
    parts.metadata.mutations.onReset = () => this.#restart();
    this.#restart();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #changed(): void {
    const { count, deletions } = this.#parts.metadata.mutations;
    const isSoon = deletions > 0 || count >= this.#times.mutations;
    this.#arm(isSoon ? this.#times.afterDeletion : this.#times.afterChange);
  }

  /** A collection has just been: what is left to wait for is the next end of something. */
  #restart(): void {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    const { metadata } = this.#parts;
    const next = metadata.read((tx) =>
      Math.min(tx.leases.nextExpiry() ?? Infinity, tx.images.nextExpiry() ?? Infinity),
    );
    if (next !== Infinity) this.#arm(Math.max(next - metadata.now(), this.#times.betweenExpiries));
  }

  /** Only ever sooner than what is set. */
  #arm(delay: number): void {
    const due = performance.now() + delay;
    if (this.#isOver || due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => void this.#collect(), Math.min(delay, longest)).unref();
  }

  async #collect(): Promise<void> {
    const { collector, log } = this.#parts;
    this.#due = Infinity;
    try {
      const { blobs, snapshots, bytes } = await collector.collect();
      if (blobs.length + snapshots.length === 0) return;
      log.debug('garbage was collected', { blobs: blobs.length, snapshots: snapshots.length, bytes });
    } catch (error) {
      // A full disk, say. The next write tries again.
      log.warn('garbage could not be collected', { error: String(error) });
    }
  }
}
