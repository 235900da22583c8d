import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** Enough for the log of the transactions that free space again, bytes. */
const size = 256 << 10;
/** How long after a failure it is tried again, ms. */
const pause = 10_000;

/** Space that is kept for when there is none: on a full disk nothing could be removed without writing that down. */
export class Reserve {
  readonly #file: string;
  #isHeld: boolean;
  #triedAt = -Infinity;

  constructor(file: string) {
    this.#file = file;
    this.#isHeld = existsSync(file);
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Makes sure of it, unless the disk is full. */
  hold(): void {
    if (this.#isHeld || performance.now() - this.#triedAt < pause) return;
    this.#triedAt = performance.now();
    try {
      writeFileSync(this.#file, Buffer.alloc(size), { flush: true, mode: 0o600 });
      this.#isHeld = true;
    } catch {
      // Space is short already: the little that there is must not be lost to this.
      rmSync(this.#file, { force: true });
    }
  }

  /** Gives it up. False when there was none. */
  release(): boolean {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    this.#triedAt = performance.now();
    rmSync(this.#file, { force: true });
    return true;
  }
}
