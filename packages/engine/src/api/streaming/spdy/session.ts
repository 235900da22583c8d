import type { Duplex } from 'node:stream';
import { asError } from '@berth/model/error';
import { closeGently } from '../close-gently.ts';
import { readConnection } from '../read-connection.ts';
import { putParts, roomForAnswers } from '../write-parts.ts';
import {
  type ControlFrame,
  encodeGoAway,
  encodePing,
  encodeReset,
  goAwayStatus,
  resetStatus,
  SpdyProtocolError,
} from './frame.ts';
import { type DataPiece, SpdyFrameParser } from './frame-parser.ts';
import { HeaderDecoder } from './header-decoder.ts';
import { HeaderEncoder } from './header-encoder.ts';
import { SpdyStream } from './stream.ts';

/** Streams open at once: a thousand connections of a port-forward. */
const maxStreams = 2000;

/**
 * The server's side of a SPDY/3.1 connection whose client opens all streams. There is no flow control but that of the
 * connection: the reference library neither sends nor reads WINDOW_UPDATE. So one stream whose reader is slow holds the
 * others back, once its queue is full.
 */
export class SpdySession {
  readonly #connection: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #parser = new SpdyFrameParser();
  readonly #decoder = new HeaderDecoder();
  readonly #encoder = new HeaderEncoder();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #gone = new AbortController();
  #lastStreamId = 0;
  #nextPing = 2;
  #isClosing = false;

  /** @param onStream must `accept` or `reset` what it is given, in the same turn */
  constructor(connection: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#connection = connection;
    this.#onStream = onStream;
    // As many wait for room as there are streams.
    connection.setMaxListeners(0);
    connection.once('close', () => {
      for (const stream of this.#streams.values()) stream.input.unbound();
    });
  }

  /** Aborted when the client is gone, or has broken the protocol. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Serves the client until it is gone. @throws what is no fault of the client's, once all of it is closed */
  async run(): Promise<void> {
    let failure: Error | undefined;
    try {
      await readConnection(this.#connection, {
        take: (chunk) => this.#takeAll(chunk),
        ping: () => this.#ping(),
      });
    } catch (error) {
      const isTheirs = error instanceof SpdyProtocolError;
      if (!isTheirs) failure = asError(error);
      this.#write(encodeGoAway(this.#lastStreamId, isTheirs ? goAwayStatus.protocolError : goAwayStatus.internalError));
    }
    this.#end();
    await closeGently(this.#connection);
    if (failure !== undefined) throw failure;
  }

  /** Resets what is still open and says goodbye; all that was written before is delivered. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    for (const stream of this.#streams.values()) stream.reset();
    this.#write(encodeGoAway(this.#lastStreamId, goAwayStatus.ok));
    void closeGently(this.#connection);
  }

  /** A promise only where something has to be waited for: data is the fast path. */
  #takeAll(chunk: Buffer): Promise<void> | undefined {
    const frames = this.#parser.push(chunk);
    return this.#takeRest(frames);
  }

  #takeRest(frames: Generator<ControlFrame | DataPiece, void, undefined>): Promise<void> | undefined {
    for (let next = frames.next(); next.done !== true; next = frames.next()) {
      const taken = this.#take(next.value);
      if (taken !== undefined) return taken.then(() => this.#takeRest(frames));
    }
    return undefined;
  }

  #take(frame: ControlFrame | DataPiece): Promise<void> | undefined {
    switch (frame.type) {
      case 'data':
        return this.#takeData(frame);
      case 'syn_stream':
        return this.#open(frame.streamId, frame);
      case 'headers':
        // Nothing is asked by them; the compressor has to see them all the same.
        return this.#decode(frame.block, () => this.#finIf(frame.fin, frame.streamId));
      case 'syn_reply':
        throw new SpdyProtocolError(`a reply on stream ${frame.streamId}, which was not opened from here`);
      case 'rst_stream':
        this.#streams.get(frame.streamId)?.abort();
        return undefined;
      case 'ping':
        // Even ones are the echo of ours.
        return frame.id % 2 === 1 ? this.#answer(encodePing(frame.id)) : undefined;
      case 'go_away':
      case 'ignored':
        return undefined;
    }
  }

  #takeData({ streamId, bytes, fin }: DataPiece): Promise<void> | undefined {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) return stream.take(bytes, fin);
    // One that was closed from here: what was on its way is dropped. Any other never was.
    if (streamId <= this.#lastStreamId && streamId > 0) return undefined;
    return this.#answer(encodeReset(streamId, resetStatus.invalidStream));
  }

  async #open(id: number, { fin, block }: { readonly fin: boolean; readonly block: Buffer }): Promise<void> {
    const headers = await this.#decoder.decode(block);
    if (id % 2 === 0 || id <= this.#lastStreamId) {
      throw new SpdyProtocolError(`stream ${id} after stream ${this.#lastStreamId}: a client's are odd and rise`);
    }
    this.#lastStreamId = id;
    if (this.#isClosing) return;
    if (this.#streams.size >= maxStreams) {
      await this.#answer(encodeReset(id, resetStatus.refusedStream));
      return;
    }
    const stream = new SpdyStream(id, headers, {
      connection: this.#connection,
      encoder: this.#encoder,
      onClosed: () => this.#streams.delete(id),
    });
    this.#streams.set(id, stream);
    if (fin) stream.inputEnded();
    this.#onStream(stream);
    await roomForAnswers(this.#connection);
  }

  async #decode(block: Buffer, done: () => void): Promise<void> {
    await this.#decoder.decode(block);
    done();
  }

  #finIf(fin: boolean, streamId: number): void {
    if (fin) this.#streams.get(streamId)?.inputEnded();
  }

  #ping(): void {
    this.#write(encodePing(this.#nextPing));
    this.#nextPing = (this.#nextPing + 2) % 0x80000000 || 2;
  }

  #answer(frame: Buffer): Promise<void> | undefined {
    this.#write(frame);
    return roomForAnswers(this.#connection);
  }

  #write(frame: Buffer): void {
    putParts(this.#connection, [frame]);
  }

  /** Of what came, nothing is lost: streams end behind it. */
  #end(): void {
    this.#decoder[Symbol.dispose]();
    for (const stream of this.#streams.values()) stream.abort();
    this.#gone.abort();
  }
}
