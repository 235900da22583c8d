import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { answeredError } from './answered-error.ts';

/** How to come to the registry of a Berth store: by its daemon's socket, or through another machine's. */
export interface DoorOptions {
  /** As messages name the store. */
  readonly title: string;
  readonly namespace: string;
  readonly connect: () => Duplex;
}

export interface DoorCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly page: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly body?: Uint8Array;
  /** Instead of `body`: so many bytes. */
  readonly stream?: { readonly bytes: AsyncIterable<Uint8Array>; readonly length: number };
}

export interface DoorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingMessage;
}

/**
 * The distribution API of one store, over connections that are kept: behind ssh each costs a process and a handshake.
 * There are as many as there are calls at once, since a call may wait for what another one reads.
 */
export class Door implements AsyncDisposable {
  readonly #options: DoorOptions;
  readonly #agent: Agent;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true });
    this.#agent.createConnection = () => options.connect();
  }

  get title(): string {
    return this.#options.title;
  }

  /**
   * An answer whose body the caller reads to its end, or destroys.
   * @throws what the daemon answered, unavailable, or the signal's reason
   */
  async open(call: DoorCall): Promise<DoorAnswer> {
    try {
      const body = await this.#send(call);
      const status = body.statusCode ?? 0;
      if (status < 400) return { status, headers: body.headers, body };
      throw answeredError(this.title, { status, text: (await readBody(body)).toString() });
    } catch (error) {
      throw this.wireError(error, call.signal);
    }
  }

  /** The same with its body, of at most `limit` bytes. */
  async ask(call: DoorCall, limit = 1 << 20): Promise<DoorAnswer & { readonly bytes: Buffer }> {
    const answer = await this.open(call);
    try {
      return { ...answer, bytes: await readBody(answer.body, limit) };
    } catch (error) {
      throw this.wireError(error, call.signal);
    }
  }

  /** What a failure on the wire is to the caller. */
  wireError(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    if (error instanceof BerthError) return error;
    const cause = asError(error);
    const absent = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(errnoName(cause) ?? '');
    const code = absent ? 'daemon_not_running' : 'lost_connection';
    return new BerthError('unavailable', `${this.title}: ${absent ? 'no daemon answers' : cause.message}`, {
      code,
      cause,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  async #send(call: DoorCall): Promise<IncomingMessage> {
    call.signal.throwIfAborted();
    const length = call.body?.length ?? call.stream?.length;
    const sent = request({
      agent: this.#agent,
      host: 'berth',
      method: call.method,
      path: call.page,
      signal: call.signal,
      headers: {
        ...call.headers,
        'berth-namespace': this.#options.namespace,
        ...(length === undefined ? {} : { 'content-length': String(length) }),
      },
    });
    // A connection that breaks after the head of its answer is told by whoever reads the rest.
    sent.on('error', () => undefined);
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    const written = writeBody(sent, call);
    const [answer] = await Promise.race([answered, written.then(async () => await answered)]);
    // A refusal may come before the end of what is sent: the rest is for nobody then, the store may not even read it.
    if ((answer.statusCode ?? 0) >= 400) answer.once('end', () => !sent.writableEnded && sent.destroy());
    else await written;
    return answer;
  }
}

async function writeBody(sent: ClientRequest, { body, stream }: DoorCall): Promise<void> {
  if (stream === undefined) {
    sent.end(body);
    return;
  }
  try {
    for await (const chunk of stream.bytes) {
      if (sent.destroyed || sent.writableFinished) return;
      if (!sent.write(chunk)) await drained(sent);
    }
    sent.end();
  } catch (error) {
    sent.destroy(asError(error));
    throw error;
  }
}

/** Until the connection takes more, or is gone. */
function drained(sent: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      sent.off('drain', done).off('close', done);
      resolve();
    };
    sent.once('drain', done).once('close', done);
  });
}

async function readBody(body: IncomingMessage, limit = 1 << 20): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new BerthError('data_loss', `the answer has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
