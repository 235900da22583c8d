import type { Duplex } from 'node:stream';
import { ByteQueue } from '../byte-queue.ts';
import type { CommandSession } from '../contract.ts';
import { type Channels, openChannels } from '../websocket/channels.ts';
import { WebSocketConnection } from '../websocket/connection.ts';
import { WebSocketProtocolError } from '../websocket/frame.ts';
import type { MessagePiece } from '../websocket/frame-parser.ts';
import type { CommandChannels } from './channels.ts';
import type { WebSocketProtocol } from './protocol.ts';
import { runCommand } from './run-command.ts';
import { Sizes } from './sizes.ts';
import { type CommandOutcome, statusText } from './status.ts';

/** 255 is for version 5 alone. */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

const nothing = new Uint8Array(0);

/** Serves one client of a command over WebSocket, to its end. */
export async function serveWebSocketCommand(
  connection: Duplex,
  session: CommandSession,
  protocol: WebSocketProtocol,
): Promise<void> {
  const webSocket = new WebSocketConnection(connection);
  const channels = new WebSocketChannels(webSocket, session, protocol);
  const served = webSocket.run((piece) => channels.take(piece)).finally(() => channels.inputEnded());
  // It is waited for below, when the command has ended.
  served.catch(() => undefined);
  await channels.tellReady();
  await runCommand(session, channels);
  await served;
}

class WebSocketChannels implements CommandChannels {
  readonly signal: AbortSignal;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly resizes = new Sizes();
  readonly #webSocket: WebSocketConnection;
  readonly #session: CommandSession;
  readonly #protocol: WebSocketProtocol;
  readonly #channels: Channels;
  readonly #input = new ByteQueue();
  /** What the close signal that is coming names. */
  #named: number[] = [];

  constructor(webSocket: WebSocketConnection, session: CommandSession, protocol: WebSocketProtocol) {
    this.signal = webSocket.gone;
    this.#webSocket = webSocket;
    this.#session = session;
    this.#protocol = protocol;
    this.#channels = openChannels(webSocket, protocol);
    if (session.stdin) this.stdin = this.#input;
    webSocket.gone.addEventListener('abort', () => this.#input.unbound());
  }

  /** Clients wait for a first message, which says nothing but that the connection is there. */
  async tellReady(): Promise<void> {
    const { stdout, stderr } = this.#session;
    await this.#channels.send(stdout ? channel.stdout : stderr ? channel.stderr : channel.error, nothing);
  }

  async write(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    if (this.#session[stream]) await this.#channels.send(channel[stream], bytes);
  }

  async finish(outcome: CommandOutcome): Promise<void> {
    const text = statusText(outcome, this.#protocol.status);
    if (text !== '') await this.#channels.send(channel.error, Buffer.from(text));
    this.#webSocket.close();
  }

  /** The client will send nothing more. */
  inputEnded(): void {
    this.#input.end();
    this.resizes.end();
  }

  /** Channels that are nobody's, or were not asked for, are passed over. */
  take(piece: MessagePiece): Promise<void> | undefined {
    const read = this.#channels.read(piece);
    if (read === undefined) return undefined;
    if (read.channel === channel.stdin && this.#session.stdin) return this.#input.push(read.bytes);
    if (read.channel === channel.resize && this.#session.tty) this.resizes.push(read.bytes);
    if (read.channel === channel.close && this.#protocol.closeSignal) {
      this.#named.push(...read.bytes.subarray(0, 2));
      if (read.isLast || this.#named.length > 1) this.#close(this.#named.splice(0));
    }
    return undefined;
  }

  #close(named: readonly number[]): void {
    const [number] = named;
    if (named.length !== 1 || number === undefined || number > channel.resize) {
      throw new WebSocketProtocolError('a close signal names one of the channels 0 to 4');
    }
    if (number === channel.stdin) this.#input.end();
    if (number === channel.resize) this.resizes.end();
  }
}
