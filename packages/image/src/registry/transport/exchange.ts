import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
} from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { BerthError } from '@berth/model/error';
import { isLoopback } from '../host/loopback.ts';
import type { Tuning } from '../tuning.ts';
import { bulkExchange } from './bulk.ts';
import { connectionFailure, SourceFailure, stalled } from './connection-failure.ts';

/** What goes along with a request; read again when the request is sent again. */
export interface Body {
  /** Bytes that `read` gives. */
  readonly size: number;
  read(): AsyncIterable<Uint8Array>;
  /** It proves who we are: no redirect hands it to another host. */
  readonly isSecret?: boolean;
}

export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly signal: AbortSignal;
  /** The answer is expected to be large. */
  readonly bulk?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Who answered, after redirects. */
  readonly url: URL;
  /** To be read with the functions of body.ts, or discarded. */
  readonly stream: Readable;
}

export type Patience = Pick<Tuning, 'connectPatience' | 'answerPatience' | 'bodyPatience'>;

/**
 * One request and its answer, as they are: no redirect, no repetition.
 * @throws unavailable (`connection_lost`, `no_connection`), failed_precondition (`untrusted_certificate`), or what the body's `read` throws, as
 * `SourceFailure`
 */
export async function exchange(outgoing: Outgoing, agent: Agent, patience: Patience): Promise<Answer> {
  const { method, url, headers, body, signal } = outgoing;
  signal.throwIfAborted();
  const bulk = await tryBulk(outgoing, patience);
  if (bulk !== undefined) return bulk;
  const length = body === undefined ? {} : { 'content-length': String(body.size) };
  const start = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const request = start(url, { method, headers: { ...headers, ...length }, agent, signal });
  const answered = answerTo(request, patience);
  try {
    if (body === undefined) request.end();
    // An answer may come before the end: a refusal.
    else await Promise.race([send(request, body), answered]);
    const stream = await answered;
    return { status: stream.statusCode ?? 0, headers: stream.headers, url, stream };
  } catch (error) {
    request.destroy();
    if (error instanceof SourceFailure) throw error;
    throw signal.aborted ? signal.reason : connectionFailure(error, url);
  }
}

async function tryBulk(outgoing: Outgoing, patience: Patience): Promise<Answer | undefined> {
  const { url, signal, bulk } = outgoing;
  if (bulk !== true || url.protocol !== 'http:' || !isLoopback(url.host)) return undefined;
  try {
    return await bulkExchange(outgoing, patience);
  } catch (error) {
    throw signal.aborted ? signal.reason : connectionFailure(error, url);
  }
}

async function answerTo(request: ClientRequest, patience: Patience): Promise<IncomingMessage> {
  const late = (): unknown => request.destroy(stalled());
  // Silence of the line: while bytes go out, the clock starts again with each.
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(late, patience.connectPatience);
    const done = (): void => clearTimeout(timer);
    socket.once('connect', done).once('close', done);
  });
  request.setTimeout(patience.answerPatience, late);
  return await new Promise((resolve, reject) => {
    request.once('response', (stream) => {
      request.setTimeout(0);
      // A reader may not be there yet when the line breaks; it sees `errored`.
      stream.on('error', () => undefined);
      // A refusal that came before the body's end: the rest of it is for nobody.
      const refused = (stream.statusCode ?? 0) >= 300;
      stream.once('end', () => refused && !request.writableEnded && request.destroy());
      resolve(stream);
    });
    request.on('error', reject);
  });
}

async function send(request: ClientRequest, body: Body): Promise<void> {
  const { size } = body;
  let sent = 0;
  const pieces = body.read()[Symbol.asyncIterator]();
  try {
    for (let piece = await next(pieces); piece !== undefined; piece = await next(pieces)) {
      sent += piece.length;
      if (sent > size) throw new SourceFailure(wrongLength(size));
      if (request.destroyed || request.writableEnded) return;
      if (!request.write(piece)) await drained(request);
    }
  } finally {
    await pieces.return?.();
  }
  if (sent < size && !request.destroyed) throw new SourceFailure(wrongLength(size));
  request.end();
}

async function drained(request: ClientRequest): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      request.off('drain', done).off('close', done);
      resolve();
    };
    request.on('drain', done).on('close', done);
  });
}

/** What the source throws is no failure of the connection. */
async function next(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const step = await pieces.next();
    return step.done === true ? undefined : step.value;
  } catch (cause) {
    throw new SourceFailure(cause);
  }
}

function wrongLength(size: number): BerthError {
  return new BerthError('data_loss', `what was to be sent has not the ${size} bytes that were announced`, {
    code: 'size_mismatch',
  });
}
