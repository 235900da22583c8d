import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { upgrade } from './upgrade.ts';

/** A frame as the server sent it. */
export interface ServerFrame {
  readonly code: number;
  readonly bytes: Buffer;
}

/** A client of WebSocket that can also do what it should not. */
export class WebSocketClient implements Disposable {
  /** What the server has chosen; empty: nothing. */
  readonly protocol: string;
  readonly #socket: Socket;
  readonly #frames: AsyncGenerator<ServerFrame, void, undefined>;

  constructor(socket: Socket, protocol: string) {
    this.#socket = socket;
    this.protocol = protocol;
    this.#frames = readFrames(socket);
  }

  /** @throws Refused */
  static async connect(url: string, protocols: readonly string[] = []): Promise<WebSocketClient> {
    const headers = {
      Connection: 'keep-alive, Upgrade',
      Upgrade: 'WebSocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      ...(protocols.length === 0 ? {} : { 'Sec-WebSocket-Protocol': protocols.join(', ') }),
    };
    const { answer, socket } = await upgrade(url, { method: 'GET', headers });
    return new WebSocketClient(socket, answer.headers['sec-websocket-protocol'] ?? '');
  }

  /** One frame. */
  async send(code: number, bytes: Uint8Array, { fin = true } = {}): Promise<void> {
    const mask = randomBytes(4);
    const masked = Buffer.from(bytes.map((byte, index) => byte ^ (mask[index % 4] as number)));
    const length = Buffer.alloc(bytes.length < 126 ? 1 : bytes.length < 0x10000 ? 3 : 9);
    length[0] = 0x80 | (bytes.length < 126 ? bytes.length : bytes.length < 0x10000 ? 126 : 127);
    if (length.length === 3) length.writeUInt16BE(bytes.length, 1);
    if (length.length === 9) length.writeBigUInt64BE(BigInt(bytes.length), 1);
    await this.raw(Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | code]), length, mask, masked]));
  }

  /** A binary message on a channel. */
  async channel(number: number, bytes: Uint8Array | string): Promise<void> {
    await this.send(2, Buffer.concat([Buffer.from([number]), Buffer.from(bytes as Uint8Array)]));
  }

  async raw(bytes: Uint8Array): Promise<void> {
    if (!this.#socket.write(bytes)) await once(this.#socket, 'drain');
  }

  /** The next frame; undefined at the end of the connection. */
  async next(): Promise<ServerFrame | undefined> {
    const next = await this.#frames.next();
    return next.done === true ? undefined : next.value;
  }

  /** All that comes until the connection ends, by channel; the codes of control frames under their own names. */
  async channels(): Promise<ReadonlyMap<number | 'close' | 'ping' | 'pong', Buffer>> {
    const found = new Map<number | 'close' | 'ping' | 'pong', Buffer[]>();
    for (let frame = await this.next(); frame !== undefined; frame = await this.next()) {
      const control = ({ 8: 'close', 9: 'ping', 10: 'pong' } as const)[frame.code];
      const key = control ?? (frame.code === 1 ? (frame.bytes[0] as number) - 0x30 : (frame.bytes[0] as number));
      const body = frame.bytes.subarray(1);
      const bytes = control !== undefined ? frame.bytes : frame.code === 1 ? fromBase64(body) : body;
      found.set(key, [...(found.get(key) ?? []), bytes]);
    }
    return new Map([...found].map(([key, parts]) => [key, Buffer.concat(parts)]));
  }

  /** The rest of our side is silence. */
  end(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

async function* readFrames(socket: Socket): AsyncGenerator<ServerFrame, void, undefined> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    for (let size = frameSize(rest); size !== undefined && size.all <= rest.length; size = frameSize(rest)) {
      yield { code: (rest[0] as number) & 0x0f, bytes: rest.subarray(size.header, size.all) };
      rest = rest.subarray(size.all);
    }
  }
}

function frameSize(bytes: Buffer): { readonly header: number; readonly all: number } | undefined {
  const short = bytes[1];
  if (short === undefined) return undefined;
  const header = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < header) return undefined;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  return { header, all: header + length };
}

function fromBase64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1'), 'base64');
}
