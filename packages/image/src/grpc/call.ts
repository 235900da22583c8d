import http2 from 'node:http2';
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { asError, BerthError } from '@berth/model/error';
import { FrameReader, framePrefix } from '@berth/wire/grpc/frame';
import { answerError, type Headers, resetError, statusError, tellsStatus } from './status.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; the server is told too. */
  readonly timeout?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface AllCallOptions extends CallOptions {
  readonly maxMessageSize: number;
}

/** A method's description, as generated code has it. */
type Method<I extends DescMessage, O extends DescMessage> = DescMethod & { readonly input: I; readonly output: O };

/**
 * One call, whichever kind its method is of: requests are sent until `finish`, responses received until the end. Both
 * directions wait for the other side: `send` for room, `receive` for a message; and the server is not read faster than
 * `receive` is called.
 */
export class Call<I extends DescMessage, O extends DescMessage> implements AsyncDisposable {
  readonly #stream: http2.ClientHttp2Stream;
  readonly #method: Method<I, O>;
  readonly #options: AllCallOptions;
  readonly #frames: FrameReader;
  readonly #pieces: AsyncIterator<Buffer>;
  #headers: Headers = {};
  #trailers: Headers | undefined;
  /** What ended the call, where it was not the server's status. */
  #failure: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => this.#end(this.#options.signal?.reason);

  constructor(session: http2.ClientHttp2Session, method: Method<I, O>, options: AllCallOptions) {
    this.#method = method;
    this.#options = options;
    this.#frames = new FrameReader(options.maxMessageSize);
    options.signal?.throwIfAborted();
    if (session.destroyed || session.closed) throw this.#lost();
    this.#stream = session.request(requestHeaders(this.#name, options), { endStream: false });
    // A generator that ends early must not end the call: `receive` reads what is left.
    this.#pieces = this.#stream.iterator({ destroyOnReturn: false });
    this.#stream.on('response', (headers) => void (this.#headers = headers));
    this.#stream.on('trailers', (trailers) => void (this.#trailers = trailers));
    // Told by `receive`; without a listener it would end the process.
    this.#stream.on('error', (error) => void (this.#failure ??= error));
    this.#watch();
  }

  get #name(): string {
    return `${this.#method.parent.typeName}/${this.#method.name}`;
  }

  /** Resolves when there is room for more. @returns false when the call is over: `receive` tells why */
  async send(request: MessageInitShape<I>): Promise<boolean> {
    return await this.sendBytes(toBinary(this.#method.input, create(this.#method.input, request)));
  }

  /** A request that is encoded already, in one or several pieces. They are not copied: nobody may change them. As `send`. */
  async sendBytes(...pieces: readonly Uint8Array[]): Promise<boolean> {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length > this.#options.maxMessageSize)
      throw new BerthError('resource_exhausted', `a message of ${length} bytes is too large for ${this.#name}`, {
        code: 'message_too_large',
      });
    if (!this.#isWritable) return false;
    this.#stream.cork();
    this.#stream.write(framePrefix(length));
    for (const piece of pieces) this.#stream.write(piece);
    this.#stream.uncork();
    if (this.#stream.writableNeedDrain) await this.#room();
    return this.#isWritable;
  }

  get #isWritable(): boolean {
    return this.#stream.writable && this.#trailers === undefined && !tellsStatus(this.#headers);
  }

  /** No more requests will come. */
  finish(): void {
    if (this.#stream.writable) this.#stream.end();
  }

  /** The next response; undefined after the last one of a call that succeeded. @throws how the call ended otherwise */
  async receive(): Promise<MessageShape<O> | undefined> {
    try {
      for (;;) {
        const message = this.#frames.next();
        if (message !== undefined) return fromBinary(this.#method.output, message);
        const { done, value } = await this.#pieces.next();
        if (done === true) break;
        const error = answerError(this.#headers, this.#name);
        if (error !== undefined) throw error;
        this.#frames.add(value);
      }
    } catch (error) {
      this.#end(error);
    }
    // Trailers are told a moment after the end.
    if (this.#trailers === undefined) await new Promise(setImmediate);
    this.#throwEnd();
    return undefined;
  }

  /** The response of a method that has one. @throws internal (`bad_answer`) when there is none or another */
  async only(): Promise<MessageShape<O>> {
    const response = await this.receive();
    if (response !== undefined && (await this.receive()) === undefined) return response;
    throw new BerthError('internal', `${this.#name} was answered with no or several messages`, { code: 'bad_answer' });
  }

  /** Breaks the call off, if it is not over. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch();
    if (!this.#stream.closed) this.#stream.close(http2.constants.NGHTTP2_CANCEL);
    // What still comes is not read.
    this.#stream.resume();
    await Promise.resolve();
  }

  #watch(): void {
    const { signal, timeout } = this.#options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeout === undefined) return;
    const end = (): void =>
      this.#end(new BerthError('deadline_exceeded', `${this.#name} took longer than ${timeout} ms`));
    this.#timer = setTimeout(end, timeout);
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  /** Ends it from our side. The first reason counts. */
  #end(reason: unknown): void {
    this.#failure ??= asError(reason);
    this.#stream.close(http2.constants.NGHTTP2_CANCEL);
    // Wakes who waits in `receive` or `send`.
    this.#stream.destroy();
  }

  #throwEnd(): void {
    this.#unwatch();
    const { signal } = this.#options;
    if (signal?.aborted === true) throw signal.reason;
    if (this.#failure instanceof BerthError) throw this.#failure;
    const told = [this.#trailers, this.#headers].find((each) => each !== undefined && tellsStatus(each));
    const error = told === undefined ? this.#unanswered() : statusError(told, this.#name);
    if (error !== undefined) throw error;
    if (!this.#frames.isEmpty) throw this.#lost();
  }

  /** Why there is no status. */
  #unanswered(): BerthError {
    const answered = this.#headers[':status'] !== undefined;
    const error = answered ? answerError(this.#headers, this.#name) : undefined;
    if (error !== undefined) return error;
    // Undefined before the stream was ever closed, whatever its type says.
    const { rstCode } = this.#stream;
    return !rstCode || this.#failure === undefined ? this.#lost() : resetError(rstCode, this.#name);
  }

  #lost(): BerthError {
    return new BerthError('unavailable', `the connection was lost during ${this.#name}`, {
      code: 'connection_lost',
      cause: this.#failure,
    });
  }

  async #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    this.#stream.once('drain', done).once('close', done);
    await promise;
    this.#stream.off('drain', done).off('close', done);
  }
}

function requestHeaders(path: string, { timeout, metadata }: CallOptions): http2.OutgoingHttpHeaders {
  return {
    ...metadata,
    ':method': 'POST',
    ':path': `/${path}`,
    te: 'trailers',
    'content-type': 'application/grpc',
    'user-agent': 'berth',
    ...(timeout === undefined ? {} : { 'grpc-timeout': `${Math.max(1, Math.ceil(timeout))}m` }),
  };
}
