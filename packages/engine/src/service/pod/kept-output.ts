/** What a command says, as much as may be kept: the rest is dropped, so that the command never waits for a reader. */
export class KeptOutput {
  readonly #parts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  #room: number;

  /** @param limit bytes of both streams together */
  constructor(limit: number) {
    this.#room = limit;
  }

  add(stream: 'stdout' | 'stderr', chunk: Uint8Array): void {
    if (this.#room === 0) return;
    const kept = chunk.subarray(0, this.#room);
    this.#parts[stream].push(kept);
    this.#room -= kept.length;
  }

  of(stream: 'stdout' | 'stderr'): Uint8Array {
    return Buffer.concat(this.#parts[stream]);
  }
}
