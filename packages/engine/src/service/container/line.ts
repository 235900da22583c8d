import { BerthError } from '@berth/model/error';
import type { ShimConnection, ShimHandlers } from '@berth/runtime/shim/connection';
import type { AttachedStream, AttachRequest, ExitResult, TerminalSize } from './contract.ts';

/** One attached client's connection to the shim: an AttachedStream over it. */
export class Line implements AttachedStream {
  readonly exit: Promise<ExitResult>;
  readonly handlers: ShimHandlers;
  readonly #process: number;
  readonly #takesInput: boolean;
  readonly #resize: (size: TerminalSize) => Promise<void>;
  #connection: ShimConnection | undefined;

  constructor(process: number, request: AttachRequest, resize: (size: TerminalSize) => Promise<void>) {
    const { promise, resolve, reject } = Promise.withResolvers<ExitResult>();
    this.#process = process;
    this.#takesInput = request.stdin;
    this.#resize = resize;
    this.exit = promise;
    // Whoever detached does not ask how it ended.
    promise.catch(() => undefined);
    this.handlers = {
      onOutput: ({ stream, bytes }) => request.onOutput(stream, bytes),
      onExit: (exit) => {
        if (exit.process === process) resolve({ exitCode: exit.code });
      },
      onClose: (cause) =>
        reject(new BerthError('unavailable', 'the line to the container broke', { code: 'line_broken', cause })),
    };
  }

  bind(connection: ShimConnection): this {
    this.#connection = connection;
    return this;
  }

  async writeStdin(chunk: Uint8Array): Promise<void> {
    if (this.#takesInput) await this.#connection?.writeStdin(this.#process, chunk);
  }

  closeStdin(): void {
    // A process that has ended needs no end of input.
    if (this.#takesInput) this.#connection?.closeStdin(this.#process).catch(() => undefined);
  }

  async resize(size: TerminalSize): Promise<void> {
    await this.#resize(size);
  }

  detach(): void {
    // Frames that were sent, an end of input among them, must arrive before the socket goes.
    setImmediate(() => void this.#connection?.close());
  }
}
