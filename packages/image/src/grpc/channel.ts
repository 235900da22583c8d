import http2 from 'node:http2';
import net from 'node:net';
import type { DescMessage, DescMethodServerStreaming, DescMethodStreaming, DescMethodUnary } from '@bufbuild/protobuf';
import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { BerthError, errnoName } from '@berth/model/error';
import { Call, type CallOptions } from './call.ts';

/** Bytes that a server may send ahead, on one call and on the connection: Node's own 64 KiB halve the throughput. */
const callWindow = 4 << 20;
const connectionWindow = 32 << 20;

/** MiB that a connection may hold in queues: some of the largest messages. Beyond Node's own 10 it resets calls. */
const maxSessionMemory = 256;

/** Bytes of a message, both ways: what containerd and Kubernetes allow. */
const defaultLimit = 16 << 20;

export interface ChannelOptions {
  /** Path of the server's socket. */
  readonly socket: string;
  /** Sent with each call, e.g. `containerd-namespace`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes that one message may have; 16 MiB when absent. */
  readonly maxMessageSize?: number;
  readonly signal?: AbortSignal;
}

/** A method of any kind. */
export type AnyMethod<I extends DescMessage, O extends DescMessage> = DescMethodUnary<I, O> | DescMethodStreaming<I, O>;

/**
 * One connection to a gRPC server on a local socket: HTTP/2 without TLS, protobuf messages, no compression.
 *
 * Errors of a call: what the server says, in our kinds; unavailable (`connection_lost`) when the connection breaks,
 * deadline_exceeded, resource_exhausted (`message_too_large`), and the signal's reason when it is aborted.
 */
export class Channel implements AsyncDisposable {
  readonly #session: http2.ClientHttp2Session;
  readonly #options: ChannelOptions;

  private constructor(session: http2.ClientHttp2Session, options: ChannelOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** @throws unavailable (`no_server`), permission_denied */
  static async open(options: ChannelOptions): Promise<Channel> {
    const connection = await connect(options.socket, options.signal);
    const session = http2.connect('http://localhost', {
      createConnection: () => connection,
      settings: { initialWindowSize: callWindow, enablePush: false },
      maxSessionMemory,
    });
    // Each call tells of it.
    session.on('error', () => undefined);
    session.once('connect', () => session.setLocalWindowSize(connectionWindow));
    return new Channel(session, options);
  }

  /** Another connection to the same server, with the same metadata. */
  async again(): Promise<Channel> {
    const { signal: _, ...options } = this.#options;
    return await Channel.open(options);
  }

  /** Begins a call. The other methods are made of this. */
  call<I extends DescMessage, O extends DescMessage>(method: AnyMethod<I, O>, options: CallOptions = {}): Call<I, O> {
    const { metadata, maxMessageSize = defaultLimit } = this.#options;
    return new Call(this.#session, method, {
      ...options,
      maxMessageSize,
      metadata: { ...metadata, ...options.metadata },
    });
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): Promise<MessageShape<O>> {
    await using call = this.call(method, options);
    await call.send(request);
    call.finish();
    return await call.only();
  }

  async *serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options?: CallOptions,
  ): AsyncGenerator<MessageShape<O>> {
    await using call = this.call(method, options);
    await call.send(request);
    call.finish();
    for (let next = await call.receive(); next !== undefined; next = await call.receive()) yield next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#session.closed || this.#session.destroyed) return;
    await new Promise<void>((resolve) => this.#session.close(resolve));
  }
}

async function connect(path: string, signal: AbortSignal | undefined): Promise<net.Socket> {
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const socket = net.connect({ path });
    const give = () => socket.destroy(signal!.reason as Error);
    signal?.addEventListener('abort', give, { once: true });
    socket.once('error', (error) => reject(signal?.aborted === true ? error : connectError(path, error)));
    socket.once('connect', () => {
      signal?.removeEventListener('abort', give);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function connectError(path: string, cause: Error): BerthError {
  const errno = errnoName(cause);
  if (errno === 'EACCES' || errno === 'EPERM')
    return new BerthError('permission_denied', `${path} may not be used by this user`, { cause });
  const why =
    errno === 'ENOENT' ? 'there is no such socket' : errno === 'ECONNREFUSED' ? 'nobody listens' : cause.message;
  return new BerthError('unavailable', `no server answers at ${path}: ${why}`, { code: 'no_server', cause });
}
