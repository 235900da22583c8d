type Stream = 'stdout' | 'stderr';

/** Bytes of a stream that are kept although the other one said more than enough: the error is mostly at the end. */
const reserve = 256 << 10;

/** What a command says, as much as may be kept: the rest is dropped, so that the command never waits for a reader. */
export class KeptOutput {
  readonly #parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  readonly #kept = { stdout: 0, stderr: 0 };
  readonly #limit: number;

  /** @param limit bytes of both streams together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(stream: Stream, chunk: Uint8Array): void {
    const other = stream === 'stdout' ? 'stderr' : 'stdout';
    const room = this.#limit - this.#kept[stream] - Math.max(this.#kept[other], Math.min(reserve, this.#limit / 4));
    if (room <= 0) return;
    const kept = chunk.subarray(0, room);
    this.#parts[stream].push(kept);
    this.#kept[stream] += kept.length;
  }

  of(stream: Stream): Uint8Array {
    return Buffer.concat(this.#parts[stream]);
  }
}
