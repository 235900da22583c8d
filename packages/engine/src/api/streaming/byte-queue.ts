/** Bytes that may wait for a slow reader before who brings them is held back. */
const defaultLimit = 256 * 1024;

/**
 * Bytes on their way from a connection to one reader: in order, none lost, at most the limit and one more piece in memory.
 * It ends where `end` was called, also for what was pushed before that and not read yet.
 */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  #limit: number;
  #parts: Uint8Array[] = [];
  #size = 0;
  #isEnded = false;
  #isDropped = false;
  #more: (() => void) | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(limit = defaultLimit) {
    this.#limit = limit;
  }

  /** Undefined while there is room for more, else what resolves when there is (or when nobody reads any longer). */
  push(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#isEnded || this.#isDropped || bytes.length === 0) return undefined;
    this.#parts.push(bytes);
    this.#size += bytes.length;
    this.#more?.();
    if (this.#size <= this.#limit) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** Nothing comes after what has been pushed. */
  end(): void {
    this.#isEnded = true;
    this.#more?.();
    // Who pushes has nothing more to wait for: what is here is all there will be.
    this.#release();
  }

  /** Whoever pushes is held back no longer: little can come any more, and none of it shall be lost. */
  unbound(): void {
    this.#limit = Infinity;
    this.#release();
  }

  /** Nobody reads: what is here goes, and what comes later too. */
  drop(): void {
    this.#isDropped = true;
    this.#parts = [];
    this.#size = 0;
    this.#more?.();
    this.#release();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const part = this.#parts.shift();
        if (part !== undefined) {
          this.#size -= part.length;
          if (this.#size <= this.#limit / 2) this.#release();
          yield part;
        } else if (this.#isEnded || this.#isDropped) {
          return;
        } else {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#more = resolve;
          await promise;
          this.#more = undefined;
        }
      }
    } finally {
      this.drop();
    }
  }

  #release(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
