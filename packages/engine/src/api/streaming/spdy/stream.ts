import { ByteQueue } from '../byte-queue.ts';
import { putParts, writeParts } from '../write-parts.ts';
import type { Duplex } from 'node:stream';
import { encodeDataHeader, encodeReset, encodeSynReply, maxDataLength, resetStatus } from './frame.ts';
import type { Headers } from './header-decoder.ts';
import type { HeaderEncoder } from './header-encoder.ts';

export interface StreamParts {
  readonly connection: Duplex;
  readonly encoder: HeaderEncoder;
  /** Called once, when neither side sends any more. */
  readonly onClosed: (stream: SpdyStream) => void;
}

/** One stream that a client opened: bytes both ways, each way ended by itself, or both by a reset. */
export class SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  /** What the client sends. Ends at its half-close, at a reset and with the connection; `isReset` tells. */
  readonly input = new ByteQueue();
  readonly #parts: StreamParts;
  readonly #reset = new AbortController();
  #isInputEnded = false;
  #isOutputEnded = false;

  constructor(id: number, headers: Headers, parts: StreamParts) {
    this.id = id;
    this.headers = headers;
    this.#parts = parts;
  }

  /** Aborted when either side has reset it, or the connection is gone. */
  get gone(): AbortSignal {
    return this.#reset.signal;
  }

  accept(): void {
    this.#put(encodeSynReply(this.id, this.#parts.encoder.encode()));
  }

  /** Resolves when there is room for more. Dropped when the stream takes no more. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#isOutputEnded; at += maxDataLength) {
      const part = bytes.subarray(at, at + maxDataLength);
      await writeParts(this.#parts.connection, [encodeDataHeader(this.id, part.length, false), part]);
    }
  }

  /** Half-close: nothing more comes from here. */
  end(): void {
    if (this.#isOutputEnded) return;
    this.#isOutputEnded = true;
    this.#put(encodeDataHeader(this.id, 0, true));
    this.#closed();
  }

  /** Ends both ways at once. Nothing when both have ended already. */
  reset(status: number = resetStatus.cancel): void {
    if (this.#isInputEnded && this.#isOutputEnded) return;
    this.#put(encodeReset(this.id, status));
    this.abort();
  }

  /** For the session: bytes of the client. */
  take(bytes: Uint8Array, fin: boolean): Promise<void> | undefined {
    const room = this.#isInputEnded ? undefined : this.input.push(bytes);
    if (fin) this.inputEnded();
    return room;
  }

  /** For the session. */
  inputEnded(): void {
    if (this.#isInputEnded) return;
    this.#isInputEnded = true;
    this.input.end();
    this.#closed();
  }

  /** For the session: reset by the client, or the connection is gone. What came before that can still be read. */
  abort(): void {
    const wasOpen = !(this.#isInputEnded && this.#isOutputEnded);
    this.#isInputEnded = true;
    this.#isOutputEnded = true;
    this.input.end();
    this.#reset.abort();
    if (wasOpen) this.#parts.onClosed(this);
  }

  #closed(): void {
    if (this.#isInputEnded && this.#isOutputEnded) this.#parts.onClosed(this);
  }

  #put(frame: Uint8Array): void {
    putParts(this.#parts.connection, [frame]);
  }
}
