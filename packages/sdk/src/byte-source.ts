import type { Readable } from 'node:stream';

/** Pulls bytes from a stream, with the possibility to give some back. The end is `undefined`. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #back: Buffer | undefined;

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async read(): Promise<Buffer | undefined> {
    const back = this.#back;
    this.#back = undefined;
    if (back !== undefined && back.length > 0) return back;
    const next = await this.#chunks.next();
    return next.done === true ? undefined : next.value;
  }

  /** The next `read` starts with these bytes. */
  unread(bytes: Buffer): void {
    this.#back = this.#back === undefined ? bytes : Buffer.concat([bytes, this.#back]);
  }
}
