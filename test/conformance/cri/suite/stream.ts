import assert from 'node:assert/strict';
import { until } from './until.ts';

const stdin = 0;
const channels = ['stdin', 'stdout', 'stderr', 'error', 'resize'] as const;

/** A client of the streaming server over a WebSocket, as `v4.channel.k8s.io` has it: a byte for the channel before all data. */
export class Stream implements Disposable {
  readonly #socket: WebSocket;
  readonly #received = new Map<number, Buffer[]>();
  #isClosed = false;
  #failure: string | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => this.#take(Buffer.from(data as ArrayBuffer)));
    socket.addEventListener('close', () => (this.#isClosed = true));
    socket.addEventListener('error', () => (this.#failure = 'the server did not take the stream'));
  }

  /** @param url as Exec, Attach and PortForward answer it */
  static async open(url: string): Promise<Stream> {
    const stream = new Stream(new WebSocket(url.replace(/^http/, 'ws'), ['v4.channel.k8s.io']));
    await until(() => stream.#socket.readyState !== WebSocket.CONNECTING, 'the stream is open or refused');
    assert.equal(stream.#failure, undefined);
    assert.equal(stream.#socket.protocol, 'v4.channel.k8s.io');
    return stream;
  }

  send(text: string, channel = stdin): void {
    this.#socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  }

  resize(width: number, height: number): void {
    this.send(JSON.stringify({ Width: width, Height: height }), channels.indexOf('resize'));
  }

  /** All that a channel has had so far. */
  bytes(channel: number): Buffer {
    return Buffer.concat(this.#received.get(channel) ?? []);
  }

  text(channel: 'stdout' | 'stderr' | 'error' = 'stdout'): string {
    return this.bytes(channels.indexOf(channel)).toString();
  }

  async says(text: string, channel: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    await until(
      () => this.text(channel).includes(text),
      () => `'${text}' comes: '${this.text(channel)}' ${this.text('error')}`,
    );
  }

  /** Waits for the end. @returns what the server said of it; undefined when it said nothing */
  async ended(): Promise<StreamEnd | undefined> {
    await until(() => this.#isClosed, 'the stream has ended');
    const text = this.text('error');
    return text === '' ? undefined : (JSON.parse(text) as StreamEnd);
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(message: Buffer): void {
    const [channel = -1] = message;
    this.#received.set(channel, [...(this.#received.get(channel) ?? []), message.subarray(1)]);
  }
}

export interface StreamEnd {
  readonly status: 'Success' | 'Failure';
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason: string; readonly message: string }[] };
}

/** The code of a command that ended; 0 with success. */
export function codeOf(end: StreamEnd | undefined): number {
  if (end?.status === 'Success') return 0;
  assert.equal(end?.reason, 'NonZeroExitCode', JSON.stringify(end));
  return Number(end?.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message);
}
