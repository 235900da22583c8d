import { constants, createInflate, type Inflate } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';
import { SpdyProtocolError } from './frame.ts';

/** Bytes of one block when it is inflated: a thousand times what a stream needs, and far from what hurts. */
const maxBlock = 64 * 1024;

export type Headers = ReadonlyMap<string, string>;

/** Header blocks of one direction of a connection: they share a compressor, so that each needs all before it. */
export class HeaderDecoder implements Disposable {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH });
  #parts: Buffer[] = [];
  #size = 0;
  #error: Error | undefined;

  constructor() {
    this.#inflate.on('data', (part: Buffer) => this.#take(part));
    this.#inflate.on('error', (error) => (this.#error ??= error));
  }

  /** One call after the other. @throws SpdyProtocolError for what is no header block, or too large a one */
  async decode(block: Uint8Array): Promise<Headers> {
    if (this.#error !== undefined || this.#inflate.destroyed)
      throw new SpdyProtocolError('the header compression is broken');
    const { promise, resolve } = Promise.withResolvers<void>();
    const broken = (): void => resolve();
    this.#inflate.once('close', broken);
    this.#inflate.write(block, () => resolve());
    await promise;
    this.#inflate.off('close', broken);
    if (this.#error !== undefined) {
      throw new SpdyProtocolError('a header block that does not inflate', { cause: this.#error });
    }
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#size = 0;
    return readHeaderBlock(whole);
  }

  [Symbol.dispose](): void {
    this.#inflate.destroy();
  }

  #take(part: Buffer): void {
    this.#size += part.length;
    if (this.#size <= maxBlock) this.#parts.push(part);
    else this.#inflate.destroy(new SpdyProtocolError(`a header block of more than ${maxBlock} bytes`));
  }
}

/** The later of two equal names counts; values that are joined by NUL stay so. @throws SpdyProtocolError */
export function readHeaderBlock(block: Buffer): Headers {
  const headers = new Map<string, string>();
  let at = 0;
  const word = (): number => {
    if (at + 4 > block.length) throw new SpdyProtocolError('a header block that ends too early');
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const size = word();
    if (size > block.length - at) throw new SpdyProtocolError('a header that is longer than its block');
    at += size;
    return block.toString('utf8', at - size, at);
  };
  // Each header takes eight bytes at least, so that a wrong count ends with the block.
  for (let count = word(); count > 0; count--) headers.set(text().toLowerCase(), text());
  return headers;
}
