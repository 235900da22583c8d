import { BerthError } from '@berth/model/error';

/** Before each message: a byte that says whether it is compressed, and its length (PROTOCOL-HTTP2.md). */
const prefixLength = 5;

/** The prefix of a message of this length. */
export function framePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(prefixLength);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** The message as a stream carries it. */
export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([framePrefix(message.length), message]);
}

/** Puts the messages together that a stream carries in pieces of any size. */
export class FrameReader {
  readonly #limit: number;
  #pieces: Uint8Array[] = [];
  /** Bytes in `#pieces`. */
  #length = 0;
  /** Of the message that is coming; undefined until its prefix is whole. */
  #wanted: number | undefined;

  /** @param limit bytes that a message may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** True between two messages. */
  get isEmpty(): boolean {
    return this.#length === 0 && this.#wanted === undefined;
  }

  /**
   * The next whole message.
   * @throws resource_exhausted (`message_too_large`), unimplemented (`compressed_message`)
   */
  next(): Uint8Array | undefined {
    this.#wanted ??= this.#readPrefix();
    if (this.#wanted === undefined || this.#length < this.#wanted) return undefined;
    const message = this.#take(this.#wanted);
    this.#wanted = undefined;
    return message;
  }

  #readPrefix(): number | undefined {
    if (this.#length < prefixLength) return undefined;
    const prefix = this.#take(prefixLength);
    if (prefix[0] !== 0)
      throw new BerthError('unimplemented', 'the other side sent a compressed message', { code: 'compressed_message' });
    const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(1);
    if (length <= this.#limit) return length;
    throw new BerthError('resource_exhausted', `a message of ${length} bytes is larger than ${this.#limit}`, {
      code: 'message_too_large',
    });
  }

  /** Exactly this many bytes, which are there. Copied only when they lie in several pieces. */
  #take(length: number): Uint8Array {
    const [first = new Uint8Array()] = this.#pieces;
    this.#length -= length;
    if (first.length > length) {
      this.#pieces[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    if (first.length === length) {
      this.#pieces.shift();
      return first;
    }
    const whole = Buffer.allocUnsafe(length);
    let at = 0;
    let used = 0;
    for (; at < length; used++) {
      const piece = this.#pieces[used]!;
      const part = piece.subarray(0, length - at);
      whole.set(part, at);
      at += part.length;
      if (part.length < piece.length) {
        this.#pieces[used] = piece.subarray(part.length);
        break;
      }
    }
    this.#pieces.splice(0, used);
    return whole;
  }
}
