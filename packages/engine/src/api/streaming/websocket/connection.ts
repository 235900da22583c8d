import type { Duplex } from 'node:stream';
import { asError } from '@berth/model/error';
import { closeGently } from '../close-gently.ts';
import { readConnection } from '../read-connection.ts';
import { putParts, roomForAnswers, writeParts } from '../write-parts.ts';
import { closeCode, encodeClose, encodeHeader, opcode, WebSocketProtocolError } from './frame.ts';
import { type ControlMessage, type MessagePiece, WebSocketFrameParser } from './frame-parser.ts';

/** Takes what the client says. A promise holds it back. @throws WebSocketProtocolError */
export type TakePiece = (piece: MessagePiece) => Promise<void> | undefined;

/** The server's end of a WebSocket (RFC 6455) whose handshake is done. */
export class WebSocketConnection {
  readonly #connection: Duplex;
  readonly #parser = new WebSocketFrameParser();
  readonly #gone = new AbortController();
  #isClosing = false;

  constructor(connection: Duplex) {
    this.#connection = connection;
    connection.setMaxListeners(0);
    connection.once('close', () => this.#gone.abort());
  }

  /** Aborted when the client is gone, or has broken the protocol. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Reads until the client is gone. @throws what is no fault of the client's, once all of it is closed */
  async run(take: TakePiece): Promise<void> {
    let failure: Error | undefined;
    try {
      await readConnection(this.#connection, {
        take: (chunk) => this.#takeRest(this.#parser.push(chunk), take),
        ping: () => this.#write([encodeHeader(opcode.ping, 0)]),
      });
    } catch (error) {
      const isTheirs = error instanceof WebSocketProtocolError;
      if (!isTheirs) failure = asError(error);
      this.#sayGoodbye(isTheirs ? closeCode.protocolError : closeCode.internalError, isTheirs ? error.message : '');
    }
    this.#gone.abort();
    await closeGently(this.#connection);
    if (failure !== undefined) throw failure;
  }

  /** One whole message. Resolves when there is room for more; dropped when the connection is gone. */
  async send(code: 'text' | 'binary', parts: readonly Uint8Array[]): Promise<void> {
    if (this.#isClosing) return;
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    await writeParts(this.#connection, [encodeHeader(opcode[code], length), ...parts]);
  }

  /** Says goodbye; all that was sent before is delivered. */
  close(): void {
    if (this.#isClosing) return;
    this.#sayGoodbye(closeCode.normal, '');
    void closeGently(this.#connection);
  }

  #sayGoodbye(code: number, reason: string): void {
    if (!this.#isClosing) this.#write([encodeClose(code, reason)]);
    this.#isClosing = true;
  }

  #takeRest(
    messages: Generator<MessagePiece | ControlMessage, void, undefined>,
    take: TakePiece,
  ): Promise<void> | undefined {
    for (let next = messages.next(); next.done !== true; next = messages.next()) {
      const taken = this.#take(next.value, take);
      if (taken !== undefined) return taken.then(() => this.#takeRest(messages, take));
    }
    return undefined;
  }

  #take(message: MessagePiece | ControlMessage, take: TakePiece): Promise<void> | undefined {
    switch (message.type) {
      case 'text':
      case 'binary':
        return this.#isClosing ? undefined : take(message);
      case 'ping':
        return this.#answer([encodeHeader(opcode.pong, message.bytes.length), message.bytes]);
      case 'pong':
        return undefined;
      case 'close':
        this.#sayGoodbye(closeCode.normal, '');
        this.#gone.abort();
        void closeGently(this.#connection);
        return undefined;
    }
  }

  #answer(parts: readonly Uint8Array[]): Promise<void> | undefined {
    if (!this.#isClosing) this.#write(parts);
    return roomForAnswers(this.#connection);
  }

  #write(parts: readonly Uint8Array[]): void {
    putParts(this.#connection, parts);
  }
}
