import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { asError, BerthError } from '@berth/model/error';
import type { Log } from '@berth/model/context';
import { openRequest } from './request.ts';
import { type Dialect, type Reply, RouteTable } from './route.ts';
import { httpStatus } from './status.ts';
import { writeJson, writeReply, writeUpgrade } from './write-reply.ts';

export interface HttpHostOptions {
  /** Requests below no dialect's prefix are the first one's. */
  readonly dialects: readonly [Dialect, ...Dialect[]];
  readonly log: Log;
  /** PEM: HTTPS instead of HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A dialect ready to be asked. */
interface Speaker {
  readonly dialect: Dialect;
  readonly table: RouteTable;
}

interface Host {
  readonly log: Log;
  readonly speakerOf: (path: string) => Speaker;
}

/** An HTTP/1.1 server that carries out routes. It knows no dialect. @throws Error for a certificate or key that is none */
export function createHttpHost(options: HttpHostOptions): Server {
  const host = createHost(options);
  // Long answers (logs -f, wait, events) have no time limit; the header limits stay.
  const limits = { requestTimeout: 0, keepAliveTimeout: 60_000 };
  const server = options.tls === undefined ? createServer(limits) : createTlsServer({ ...limits, ...options.tls });
  server.on('request', (message, response) => void answer(host, message, response));
  server.on('upgrade', (message, socket, head) => void answerUpgrade(host, { message, socket, head }));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  return server;
}

function createHost({ dialects, log }: HttpHostOptions): Host {
  const speakers = dialects.map((dialect) => ({ dialect, table: new RouteTable(dialect.routes) }));
  const first = speakers[0] as Speaker;
  const isBelow = (path: string, { prefix }: Dialect): boolean => path === prefix || path.startsWith(`${prefix}/`);
  return { log, speakerOf: (path) => speakers.find(({ dialect }) => isBelow(path, dialect)) ?? first };
}

async function answer(host: Host, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => response.writableFinished || gone.abort(clientGone()));
  const url = requestUrl(message);
  const speaker = host.speakerOf(url.pathname);
  for (const [name, value] of Object.entries(speaker.dialect.headers ?? {})) response.setHeader(name, value);
  try {
    const reply = await carryOut(speaker, message, { url, signal: gone.signal });
    await writeReply(response, reply);
  } catch (error) {
    writeError(host, speaker, response, asBerthError(error));
  }
}

async function answerUpgrade(
  host: Host,
  { message, socket, head }: { message: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const gone = new AbortController();
  socket.on('error', () => undefined);
  socket.once('close', () => gone.abort(clientGone()));
  const url = requestUrl(message);
  const speaker = host.speakerOf(url.pathname);
  try {
    const reply = await carryOut(speaker, message, { url, signal: gone.signal });
    if (head.length > 0) socket.unshift(head);
    await writeUpgrade(socket, reply);
  } catch (error) {
    const failure = asBerthError(error);
    const body = JSON.stringify(speaker.dialect.errorBody(failure));
    if (!socket.writable) return;
    socket.end(
      `HTTP/1.1 ${statusOf(speaker, failure)} ${failure.kind}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
}

/** Whatever the request line holds: what is no URL is the path '/', which nobody serves. */
function requestUrl(message: IncomingMessage): URL {
  const text = message.url ?? '/';
  // Two slashes at the start would read as a host's name.
  const path = text.startsWith('/') ? text.replace(/^\/+/, '/') : text;
  return URL.canParse(path, 'http://berth') ? new URL(path, 'http://berth') : new URL('http://berth/');
}

async function carryOut(
  { table }: Speaker,
  message: IncomingMessage,
  { url, signal }: { readonly url: URL; readonly signal: AbortSignal },
): Promise<Reply> {
  const match = table.match(message.method ?? 'GET', url.pathname);
  if (match === 'path') throw new BerthError('not_found', `no such page: ${url.pathname}`, { code: 'no_route' });
  if (match === 'method') {
    throw new BerthError('unimplemented', `${message.method} is not served on ${url.pathname}`, { code: 'bad_method' });
  }
  return await match.route.handle(openRequest(message, url, { params: match.params, signal }));
}

function writeError(host: Host, speaker: Speaker, response: ServerResponse, error: BerthError): void {
  if (error.kind === 'internal') host.log.error('request failed', { error: error.stack });
  if (response.headersSent) {
    response.destroy(error);
    return;
  }
  writeJson(response, statusOf(speaker, error), speaker.dialect.errorBody(error));
}

function statusOf({ dialect }: Speaker, error: BerthError): number {
  return dialect.errorStatus?.(error) ?? httpStatus[error.kind];
}

function asBerthError(value: unknown): BerthError {
  if (value instanceof BerthError) return value;
  const error = asError(value);
  return new BerthError('internal', error.message, { cause: error });
}

function clientGone(): BerthError {
  return new BerthError('cancelled', 'the client went away', { code: 'client_gone' });
}
