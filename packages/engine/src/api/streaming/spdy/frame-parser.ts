import { type ControlFrame, flagFin, frameHeaderSize, readControl, SpdyProtocolError, version } from './frame.ts';

/** Beyond this a control frame is an attack: the headers of a stream are three words. */
const maxControlLength = 64 * 1024;

const nothing = Buffer.alloc(0);

export interface DataPiece {
  readonly type: 'data';
  readonly streamId: number;
  /** A frame may come in several pieces; empty only where it has to tell `fin`. */
  readonly bytes: Buffer;
  /** On the last piece. */
  readonly fin: boolean;
}

/** Cuts a connection's bytes into frames. Data is handed on as it comes: a frame of 16 MiB needs no memory of that size. */
export class SpdyFrameParser {
  #rest: Buffer = nothing;
  #data: { readonly streamId: number; readonly fin: boolean } = { streamId: 0, fin: false };
  #left = 0;

  /** The bytes of what it yields are parts of `chunk`. @throws SpdyProtocolError; then the parser is of no further use */
  *push(chunk: Buffer): Generator<ControlFrame | DataPiece, void, undefined> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) yield frame;
  }

  #next(): ControlFrame | DataPiece | undefined {
    if (this.#left > 0) return this.#rest.length === 0 ? undefined : this.#piece();
    if (this.#rest.length < frameHeaderSize) return undefined;
    const word = this.#rest.readUInt32BE(0);
    const flags = this.#rest[4] as number;
    const length = this.#rest.readUIntBE(5, 3);
    if (word < 0x80000000) {
      this.#rest = this.#rest.subarray(frameHeaderSize);
      this.#data = { streamId: word, fin: (flags & flagFin) !== 0 };
      this.#left = length;
      return length === 0 ? this.#piece() : this.#next();
    }
    const spoken = (word >>> 16) & 0x7fff;
    if (spoken !== version) throw new SpdyProtocolError(`SPDY version ${spoken}, only ${version} is spoken here`);
    if (length > maxControlLength) throw new SpdyProtocolError(`a control frame of ${length} bytes`);
    if (this.#rest.length < frameHeaderSize + length) return undefined;
    const body = this.#rest.subarray(frameHeaderSize, frameHeaderSize + length);
    this.#rest = this.#rest.subarray(frameHeaderSize + length);
    return readControl(word & 0xffff, flags, body);
  }

  #piece(): DataPiece {
    const bytes = this.#rest.subarray(0, this.#left);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#left -= bytes.length;
    const { streamId, fin } = this.#data;
    return { type: 'data', streamId, bytes, fin: fin && this.#left === 0 };
  }
}
