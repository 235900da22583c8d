import type { Socket } from 'node:net';
import { BerthError } from '@berth/model/error';
import type { ApiError, WaitResult } from '@berth/wire/native/api';
import {
  encodeFrame,
  type Frame,
  FrameParser,
  frameTypes,
  type FrameType,
  maxFrame,
  streamProtocol,
} from '@berth/wire/native/stream';
import { lost } from './answer.ts';
import type { ByteSource } from './byte-source.ts';
import { fromApiError } from './error-body.ts';
import { drained, type HttpCall, send, type Transport, transportError } from './http.ts';

/** Takes output in order. A promise holds further output back, in the end the program itself. */
export type OutputSink = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void | Promise<void>;

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * A line to the standard streams of a process. It ends with `exit`, with `close`, or when the connection breaks.
 * The process does not depend on it.
 */
export class AttachStream {
  /** The process runs. Rejects with the reason when it could not be started. */
  readonly started: Promise<void>;
  /** After the last byte of output was taken. Rejects with unavailable (`connection_lost`) when the line breaks. */
  readonly exit: Promise<WaitResult>;
  readonly #connection: Socket;
  readonly #onOutput: OutputSink;
  readonly #started = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<WaitResult>();
  #closed = false;
  #stdinClosed = false;

  private constructor(connection: Socket, onOutput: OutputSink) {
    this.#connection = connection;
    this.#onOutput = onOutput;
    this.started = this.#started.promise;
    this.exit = this.#exit.promise;
    // Who only waits for one of the two must not be killed by the other.
    this.started.catch(() => undefined);
    this.exit.catch(() => undefined);
  }

  /** Asks for the upgrade and begins to deliver output. @throws what the daemon answered instead */
  static async open(
    transport: Transport,
    call: Omit<HttpCall, 'upgrade'>,
    onOutput: OutputSink,
  ): Promise<AttachStream> {
    const { connection, source } = await send(transport, { ...call, upgrade: streamProtocol });
    const stream = new AttachStream(connection, onOutput);
    void stream.#receive(source, call.signal);
    return stream;
  }

  /** Resolves when more may be written. Bytes after `closeStdin` or after the end are dropped. */
  async writeStdin(bytes: Uint8Array): Promise<void> {
    if (this.#stdinClosed) return;
    for (let at = 0; at < bytes.length; at += maxFrame) {
      if (this.#send(frameTypes.stdin, bytes.subarray(at, at + maxFrame))) continue;
      if (!this.#connection.writable) return;
      await drained(this.#connection);
    }
  }

  /** The program reads end of file; output goes on. */
  closeStdin(): void {
    if (this.#stdinClosed) return;
    this.#stdinClosed = true;
    this.#send(frameTypes.stdinClose);
  }

  /** May be called before the process has started: it then begins with this size. */
  resize({ rows, columns }: TerminalSize): void {
    this.#send(frameTypes.resize, Buffer.from(JSON.stringify({ rows, columns })));
  }

  /** Lets go of the process. `started` and `exit` reject with cancelled if they were still open. */
  close(): void {
    if (this.#closed) return;
    this.#fail(new BerthError('cancelled', 'the stream was closed', { code: 'stream_closed' }));
    this.#connection.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(type: FrameType, payload?: Uint8Array): boolean {
    if (!this.#connection.writable) return false;
    return this.#connection.write(encodeFrame(type, payload));
  }

  async #receive(source: ByteSource, signal: AbortSignal | undefined): Promise<void> {
    const parser = new FrameParser();
    try {
      for (let bytes = await source.read(); bytes !== undefined; bytes = await source.read()) {
        for (const frame of parser.push(bytes)) await this.#take(frame);
        if (this.#closed) break;
      }
      this.#fail(lost());
    } catch (error) {
      // A sink that failed is the caller's own error, not the connection's.
      this.#fail(error instanceof SinkError ? error.cause : transportError(error, signal));
    } finally {
      this.#connection.destroy();
    }
  }

  async #take({ type, payload }: Frame): Promise<void> {
    if (this.#closed) return;
    switch (type) {
      case frameTypes.stdout:
        return await this.#deliver('stdout', payload);
      case frameTypes.stderr:
        return await this.#deliver('stderr', payload);
      case frameTypes.started:
        return this.#started.resolve();
      case frameTypes.error:
        return this.#fail(fromApiError(JSON.parse(Buffer.from(payload).toString()) as ApiError));
      case frameTypes.exit:
        this.#closed = true;
        this.#started.resolve();
        return this.#exit.resolve(JSON.parse(Buffer.from(payload).toString()) as WaitResult);
      default:
      // A frame of a later version: of no use to this one.
    }
  }

  async #deliver(stream: 'stdout' | 'stderr', payload: Uint8Array): Promise<void> {
    if (payload.length === 0) return;
    try {
      await this.#onOutput(stream, payload);
    } catch (cause) {
      throw new SinkError(cause);
    }
  }

  #fail(error: unknown): void {
    this.#closed = true;
    this.#started.reject(error);
    this.#exit.reject(error);
  }
}

class SinkError extends Error {
  constructor(cause: unknown) {
    super('the output could not be taken', { cause });
  }
}
