/** The beginning of a stream: what comes beyond the limit is dropped, so that a command never waits for a reader. */
export class KeptOutput {
  readonly #parts: Uint8Array[] = [];
  #room: number;

  constructor(limit: number) {
    this.#room = limit;
  }

  add(chunk: Uint8Array): void {
    if (this.#room === 0) return;
    const kept = chunk.subarray(0, this.#room);
    this.#parts.push(kept);
    this.#room -= kept.length;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
