import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { constants, createDeflate, type Deflate } from 'node:zlib';
import { ByteQueue } from '@berth/engine/api/streaming/byte-queue';
import { readConnection } from '@berth/engine/api/streaming/read-connection';
import { headerDictionary } from '@berth/engine/api/streaming/spdy/dictionary';
import type { ControlFrame } from '@berth/engine/api/streaming/spdy/frame';
import { type DataPiece, SpdyFrameParser } from '@berth/engine/api/streaming/spdy/frame-parser';
import { HeaderDecoder } from '@berth/engine/api/streaming/spdy/header-decoder';
import { upgrade } from './upgrade.ts';

export interface SpdyOptions {
  readonly protocols: readonly string[];
  readonly method?: string;
}

/** A client of SPDY/3.1, as kubectl and crictl are one: it opens streams, and compresses its headers. */
export class SpdyClient implements Disposable {
  /** What the server has chosen. */
  readonly protocol: string;
  /** When the server has ended the connection. */
  readonly closed: Promise<void>;
  /** The status of the server's GOAWAY. */
  goAway: number | undefined;
  readonly #connection: Duplex;
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH });
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, SpdyClientStream>();
  readonly #pings = new Map<number, () => void>();
  #lastStream = -1;
  #lastPing = -1;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(connection: Duplex, protocol = '') {
    this.#connection = connection;
    this.protocol = protocol;
    this.closed = this.#read().catch(() => this.#end());
  }

  /** @throws Refused */
  static async connect(url: string, { protocols, method = 'POST' }: SpdyOptions): Promise<SpdyClient> {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': [...protocols],
    };
    const { answer, socket } = await upgrade(url, { method, headers });
    return new SpdyClient(socket, String(answer.headers['x-stream-protocol-version']));
  }

  /** Resolves when the server has accepted it. @throws Error when it has not */
  async open(headers: Readonly<Record<string, string>>): Promise<SpdyClientStream> {
    const stream = await this.begin(headers);
    await stream.accepted;
    return stream;
  }

  /** As `open`, without waiting for the server's word. */
  async begin(headers: Readonly<Record<string, string>>): Promise<SpdyClientStream> {
    this.#lastStream += 2;
    const id = this.#lastStream;
    const stream = new SpdyClientStream(id, (frame) => this.send(frame));
    this.#streams.set(id, stream);
    const turn = this.#turn.then(async () => {
      const block = await this.#compress(headers);
      await this.send(control(1, 0, Buffer.concat([word(id), word(0), Buffer.from([0, 0]), block])));
    });
    this.#turn = turn;
    await turn;
    return stream;
  }

  /** Resolves with the server's echo. */
  async ping(): Promise<void> {
    this.#lastPing += 2;
    const echo = new Promise<void>((resolve) => this.#pings.set(this.#lastPing, resolve));
    await this.send(control(6, 0, word(this.#lastPing)));
    await echo;
  }

  /** Any bytes, also wrong ones. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.#connection.destroyed) return;
    if (!this.#connection.write(bytes)) await Promise.race([once(this.#connection, 'drain'), this.closed]);
  }

  /** Goes away without a word. */
  [Symbol.dispose](): void {
    this.#connection.destroy();
    for (const stream of this.#streams.values()) stream.output.drop();
    this.#deflate.destroy();
    this.#decoder[Symbol.dispose]();
  }

  async #read(): Promise<void> {
    const parser = new SpdyFrameParser();
    this.#connection.setMaxListeners(0);
    await readConnection(this.#connection, {
      take: (chunk) => this.#takeAll(parser.push(chunk)),
      ping: () => undefined,
    });
    this.#end();
    this.#connection.destroy();
  }

  async #takeAll(frames: Iterable<ControlFrame | DataPiece>): Promise<void> {
    for (const frame of frames) await this.#take(frame);
  }

  async #take(frame: ControlFrame | DataPiece): Promise<void> {
    if (frame.type === 'data') await this.#streams.get(frame.streamId)?.take(frame.bytes, frame.fin);
    if (frame.type === 'syn_reply') {
      await this.#decoder.decode(frame.block);
      this.#streams.get(frame.streamId)?.reply();
    }
    if (frame.type === 'rst_stream') this.#streams.get(frame.streamId)?.wasReset(frame.status);
    if (frame.type === 'ping') {
      if (frame.id % 2 === 0) await this.send(control(6, 0, word(frame.id)));
      this.#pings.get(frame.id)?.();
    }
    if (frame.type === 'go_away') this.goAway = frame.status;
  }

  #end(): void {
    for (const stream of this.#streams.values()) stream.wasReset(undefined);
  }

  async #compress(headers: Readonly<Record<string, string>>): Promise<Buffer> {
    const strings = Object.entries(headers).flat();
    const texts = strings.flatMap((text) => [word(Buffer.byteLength(text)), Buffer.from(text)]);
    const parts: Buffer[] = [];
    const take = (part: Buffer): number => parts.push(part);
    this.#deflate.on('data', take);
    await new Promise<void>((resolve) => {
      this.#deflate.write(Buffer.concat([word(strings.length / 2), ...texts]), () => resolve());
    });
    this.#deflate.off('data', take);
    return Buffer.concat(parts);
  }
}

/** One stream that the client has opened. */
export class SpdyClientStream {
  readonly id: number;
  readonly accepted: Promise<void>;
  /** What the server sends. Who does not read it holds the whole connection up, as a client does that is slow. */
  readonly output = new ByteQueue();
  /** Why the server has reset it. */
  reset: number | undefined;
  readonly #send: (frame: Uint8Array) => Promise<void>;
  readonly #accepted = Promise.withResolvers<void>();

  constructor(id: number, send: (frame: Uint8Array) => Promise<void>) {
    this.id = id;
    this.#send = send;
    this.accepted = this.#accepted.promise;
    this.accepted.catch(() => undefined);
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    const body = Buffer.from(bytes as Uint8Array);
    await this.#send(data(this.id, 0, body.length));
    await this.#send(body);
  }

  /** Half-close. */
  async end(): Promise<void> {
    await this.#send(data(this.id, 1, 0));
  }

  async cancel(): Promise<void> {
    await this.#send(control(3, 0, Buffer.concat([word(this.id), word(5)])));
  }

  /** All that comes, to its end. */
  async text(): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const part of this.output) parts.push(part);
    return Buffer.concat(parts).toString();
  }

  take(bytes: Buffer, fin: boolean): Promise<void> | undefined {
    const room = this.output.push(bytes);
    if (fin) this.output.end();
    return room;
  }

  reply(): void {
    this.#accepted.resolve();
  }

  wasReset(status: number | undefined): void {
    this.reset ??= status;
    this.output.end();
    this.#accepted.reject(new Error(`stream ${this.id} was reset: ${status}`));
  }
}

export function control(type: number, flags: number, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([0x80, 3, 0, type]), word(((flags << 24) | body.length) >>> 0), body]);
}

function data(streamId: number, flags: number, length: number): Buffer {
  return Buffer.concat([word(streamId), word(((flags << 24) | length) >>> 0)]);
}

export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
