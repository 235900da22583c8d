import { once } from 'node:events';
import net from 'node:net';
import { constants } from 'node:os';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { askToken } from '../plan/ask-token.ts';
import { encodePlan } from '../plan/encode.ts';
import type { Plan } from '../plan/record.ts';
import { encodeFrame, type Frame, FrameParser, frameType, withFlag } from './frame.ts';
import {
  type Ask,
  type Exit,
  type Output,
  type ProcessState,
  readAsk,
  readExit,
  readStarted,
  readStates,
  requestError,
  type Started,
  StartFailure,
} from './message.ts';

/** Input is sent in frames of this size: the shim gives a frame to the process when it is there as a whole. */
const stdinFrame = 64 * 1024;

export interface ShimHandlers {
  /**
   * Bytes that a process wrote. While the returned promise is pending nothing more is read from this
   * shim, and in the end its processes wait. The bytes are the callee's to keep.
   */
  onOutput?(output: Output): void | Promise<void>;
  /** After the last output of that process if this connection is attached to it, else at once. */
  onExit?(exit: Exit): void;
  /**
   * A plan that this connection has sent waits for an answer. A promise is the answer: the plan goes on when it resolves,
   * and its start fails with the reason as cause when it rejects. Who returns none calls `answer` himself. Without this
   * handler every question is refused.
   */
  onAsk?(ask: Ask): void | Promise<void>;
  /** The connection ended: without an error when the shim ended or `close` was called. */
  onClose?(error: Error | undefined): void;
}

export interface AttachOptions {
  /** Forward `writeStdin` of this connection. */
  readonly stdin?: boolean;
  /** Deliver output, from now on (`attach`) or from the first byte (`start`). */
  readonly output?: boolean;
}

export interface StartOptions extends AttachOptions {
  /** 0, the default, is the container's first process; execs have 1 to 1023. */
  readonly process?: number;
  /** Deliver all exits of this shim. */
  readonly watch?: boolean;
}

/** A process that is all there but its program, and waits for `release`. */
export interface Created {
  readonly pid: number;
  /** Fails as `start` does. */
  release(): Promise<Started>;
}

interface Request {
  readonly name: string;
  readonly process: number;
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

interface Start extends Request {
  readonly plan: Plan;
  /** For who wants to know when it is created. */
  readonly created: ((pid: number) => void) | undefined;
  /** Why a question of it was refused. */
  refusal?: unknown;
}

/**
 * One client's connection to a shim (docs/shim.md). Closing it never harms a running container, but a
 * connection from the launcher that is closed before its `start` was answered takes the shim with it.
 *
 * Frames are carried out in order, and input that the process does not take holds back all that is
 * sent after it on the same connection. So signals and resizes of a process that is fed should go over
 * another connection.
 */
export class ShimConnection {
  readonly #socket: net.Socket;
  readonly #handlers: ShimHandlers;
  /** Answered in order. */
  readonly #requests: Request[] = [];
  /** Answered when the process has started, so by number. */
  readonly #starts = new Map<number, Start>();
  readonly #closed: Promise<void>;
  #isClosed = false;

  protected constructor(socket: net.Socket, handlers: ShimHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#closed = this.#read();
  }

  /** `unavailable` when nobody listens: the shim has ended, and its journal says how. */
  static async connect(path: string, handlers: ShimHandlers = {}): Promise<ShimConnection> {
    const socket = net.connect(path);
    try {
      await once(socket, 'connect');
    } catch (error) {
      socket.destroy();
      throw new BerthError('unavailable', `no shim at ${path}: ${errnoName(error) ?? asError(error).message}`, {
        code: 'shim_gone',
        cause: error,
      });
    }
    return new ShimConnection(socket, handlers);
  }

  /** Runs a plan. Fails with `StartFailure`, and then nothing of the process is left. */
  start(plan: Plan, options: StartOptions = {}): Promise<Started> {
    return this.#start(plan, options, undefined);
  }

  /** As `start` of a plan that stops at `ask created`: resolves there. Fails with `StartFailure` before. */
  async create(plan: Plan, options: StartOptions = {}): Promise<Created> {
    const created = Promise.withResolvers<number>();
    const started = this.#start(plan, options, created.resolve);
    started.then(
      () => created.reject(new BerthError('invalid_argument', 'the plan does not stop at created')),
      created.reject,
    );
    const pid = await created.promise;
    const release = async (): Promise<Started> => {
      // Refused when it is too late for an answer; then the start has its own end to tell.
      await this.answer(options.process ?? 0, 0).catch(() => undefined);
      return await started;
    };
    return { pid, release };
  }

  /** Lets the plan of this process go on, or with an errno fails it. `failed_precondition` (ESRCH): it asks nothing. */
  async answer(process: number, errno: number): Promise<void> {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setInt32(0, errno, true);
    await this.#request('answer', process, encodeFrame(frameType.answer, process, payload));
  }

  async #start(plan: Plan, options: StartOptions, created: Start['created']): Promise<Started> {
    const process = options.process ?? 0;
    if (this.#starts.has(process)) {
      throw new BerthError('already_exists', `process ${process} is being started`);
    }
    const flags = attachFlags(options) | (options.watch ? withFlag.watch : 0);
    const frame = encodeFrame(frameType.start, process, encodePlan(plan), flags);
    const payload = await new Promise<Uint8Array>((resolve, reject) => {
      if (this.#isClosed) return reject(gone('start'));
      this.#starts.set(process, { name: 'start', process, plan, created, resolve, reject });
      this.#socket.write(frame);
    });
    return readStarted(payload);
  }

  /** `failed_precondition` (ESRCH) when the process is gone. */
  async attach(process: number, options: AttachOptions): Promise<void> {
    await this.#request('attach', process, encodeFrame(frameType.attach, process, undefined, attachFlags(options)));
  }

  /** Resolves when this connection can take more: await it, and the process's pace is the writer's. */
  async writeStdin(process: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += stdinFrame) {
      await this.#send(encodeFrame(frameType.stdin, process, bytes.subarray(at, at + stdinFrame)));
    }
  }

  /** The process reads end of file behind what was written. Nothing for a terminal. */
  async closeStdin(process: number): Promise<void> {
    await this.#send(encodeFrame(frameType.stdinClose, process));
  }

  async signal(process: number, signal: number): Promise<void> {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, signal, true);
    await this.#request('signal', process, encodeFrame(frameType.signal, process, payload));
  }

  async resize(process: number, rows: number, columns: number): Promise<void> {
    const payload = new Uint8Array(4);
    const view = new DataView(payload.buffer);
    view.setUint16(0, rows, true);
    view.setUint16(2, columns, true);
    await this.#request('resize', process, encodeFrame(frameType.resize, process, payload));
  }

  /** Every process this shim ever started; a number that was used again has its last one. */
  async state(): Promise<ProcessState[]> {
    return readStates(await this.#request('state', 0, encodeFrame(frameType.state, 0)));
  }

  /** From now on `onExit` is called for every process. */
  async watch(): Promise<void> {
    await this.#request('watch', 0, encodeFrame(frameType.watch, 0));
  }

  /** Opens the log's path anew, after somebody else renamed the file. */
  async reopenLog(): Promise<void> {
    await this.#request('reopen log', 0, encodeFrame(frameType.reopenLog, 0));
  }

  /** Resolves when the connection is closed from either side. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * Says that nothing more will be sent, and resolves when the shim has closed its side. A start that is not answered
   * yet fails here (`shim_gone`); what is created or runs goes on.
   */
  async leave(): Promise<void> {
    this.#socket.end();
    await this.#closed;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #request(name: string, process: number, frame: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(gone(name));
      this.#requests.push({ name, process, resolve, reject });
      this.#socket.write(frame);
    });
  }

  /** Waits until the socket has handed the bytes over, which is when the shim reads. */
  #send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(gone('stdin'));
      this.#socket.write(bytes, (error) => (error ? reject(gone('stdin', error)) : resolve()));
    });
  }

  async #read(): Promise<void> {
    const parser = new FrameParser();
    // A callee that never takes its output must not keep `close` from ending.
    const ended = new Promise((resolve) => this.#socket.once('close', resolve));
    let failure: Error | undefined;
    try {
      for await (const chunk of this.#socket as AsyncIterable<Uint8Array>) {
        for (const frame of parser.push(chunk)) {
          const pending = this.#receive(frame);
          if (pending !== undefined) await Promise.race([pending, ended]);
        }
      }
    } catch (error) {
      // A reset is how the kernel tells that the other side is gone with bytes unread; so is our own close.
      const expected = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(errnoName(error) ?? '');
      if (!expected) failure = asError(error);
    }
    this.#end(failure);
  }

  #end(failure: Error | undefined): void {
    this.#isClosed = true;
    this.#socket.destroy();
    for (const request of [...this.#requests.splice(0), ...this.#starts.values()]) {
      request.reject(gone(request.name, failure));
    }
    this.#starts.clear();
    this.#handlers.onClose?.(failure);
  }

  #receive(frame: Frame): void | Promise<void> {
    switch (frame.type) {
      case frameType.output:
        return this.#handlers.onOutput?.({
          process: frame.process,
          stream: frame.flags === 2 ? 'stderr' : 'stdout',
          bytes: frame.payload,
        });
      case frameType.exit:
        return this.#handlers.onExit?.(readExit(frame.process, frame.payload));
      case frameType.ask:
        return void this.#asked(readAsk(frame.process, frame.payload));
      case frameType.started:
        return this.#takeStart(frame.process)?.resolve(frame.payload);
      case frameType.failed: {
        const start = this.#takeStart(frame.process);
        return start?.reject(new StartFailure(start.plan, frame.payload, start.refusal));
      }
      case frameType.ok:
      case frameType.states:
        return this.#requests.shift()?.resolve(frame.payload);
      case frameType.error: {
        const request = this.#requests.shift();
        return request?.reject(requestError(request.name, request.process, frame.payload));
      }
      default:
        throw new BerthError('data_loss', `shim sent a frame of type ${frame.type}`, { code: 'bad_frame' });
    }
  }

  /** Not awaited by the reader: the answer may need other frames of this connection. */
  async #asked(ask: Ask): Promise<void> {
    const start = this.#starts.get(ask.process);
    if (start?.created !== undefined && ask.token === askToken.created) return start.created(ask.pid);
    try {
      if (this.#handlers.onAsk === undefined)
        throw new BerthError('unimplemented', `nobody answers question ${ask.token}`);
      const answered = this.#handlers.onAsk(ask);
      if (answered === undefined) return;
      await answered;
    } catch (error) {
      if (start !== undefined) start.refusal = error;
    }
    const errno = start?.refusal === undefined ? 0 : constants.errno.ECANCELED;
    // When the shim is gone, or the process, the start itself says so.
    await this.answer(ask.process, errno).catch(() => undefined);
  }

  #takeStart(process: number): Start | undefined {
    const start = this.#starts.get(process);
    this.#starts.delete(process);
    return start;
  }
}

function attachFlags(options: AttachOptions): number {
  return (options.stdin ? withFlag.stdin : 0) | (options.output ? withFlag.output : 0);
}

function gone(request: string, cause?: Error): BerthError {
  return new BerthError('unavailable', `${request}: the connection to the shim is closed`, {
    code: 'shim_gone',
    cause,
  });
}
