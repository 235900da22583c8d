import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { asError, BerthError } from '@berth/model/error';
import type { Log } from '@berth/model/context';
import { openRequest } from './request.ts';
import { type Reply, RouteTable, type Route } from './route.ts';
import { httpStatus } from './status.ts';
import { writeReply, writeUpgrade } from './write-reply.ts';

/** How a dialect writes an error before the first byte of an answer. */
export type ErrorBody = (error: BerthError) => unknown;

export interface HttpHostOptions {
  readonly routes: readonly Route[];
  readonly errorBody: ErrorBody;
  readonly log: Log;
}

/** An HTTP/1.1 server that carries out routes. It knows no dialect. */
export function createHttpHost(options: HttpHostOptions): Server {
  const table = new RouteTable(options.routes);
  // Long answers (logs -f, wait, events) have no time limit; the header limits stay.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 });
  server.on('request', (message, response) => void answer(table, options, message, response));
  server.on('upgrade', (message, socket, head) => void answerUpgrade(table, options, { message, socket, head }));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  return server;
}

async function answer(
  table: RouteTable,
  options: HttpHostOptions,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => response.writableFinished || gone.abort(clientGone()));
  try {
    const reply = await carryOut(table, message, gone.signal);
    await writeReply(response, reply);
  } catch (error) {
    writeError(options, response, asBerthError(error));
  }
}

async function answerUpgrade(
  table: RouteTable,
  options: HttpHostOptions,
  { message, socket, head }: { message: IncomingMessage; socket: Duplex; head: Buffer },
): Promise<void> {
  const gone = new AbortController();
  socket.on('error', () => undefined);
  socket.once('close', () => gone.abort(clientGone()));
  try {
    const reply = await carryOut(table, message, gone.signal);
    if (head.length > 0) socket.unshift(head);
    await writeUpgrade(socket, reply);
  } catch (error) {
    const failure = asBerthError(error);
    const body = JSON.stringify(options.errorBody(failure));
    const status = httpStatus[failure.kind];
    if (!socket.writable) return;
    socket.end(
      `HTTP/1.1 ${status} ${failure.kind}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
}

async function carryOut(table: RouteTable, message: IncomingMessage, signal: AbortSignal): Promise<Reply> {
  const url = new URL(message.url ?? '/', 'http://berth');
  const match = table.match(message.method ?? 'GET', url.pathname);
  if (match === 'path') throw new BerthError('not_found', `no such page: ${url.pathname}`, { code: 'no_route' });
  if (match === 'method') {
    throw new BerthError('unimplemented', `${message.method} is not served on ${url.pathname}`, { code: 'bad_method' });
  }
  return await match.route.handle(openRequest(message, url, { params: match.params, signal }));
}

function writeError(options: HttpHostOptions, response: ServerResponse, error: BerthError): void {
  if (error.kind === 'internal') options.log.error('request failed', { error: error.stack });
  if (response.headersSent) {
    response.destroy(error);
    return;
  }
  const body = JSON.stringify(options.errorBody(error));
  response.writeHead(httpStatus[error.kind], {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function asBerthError(value: unknown): BerthError {
  if (value instanceof BerthError) return value;
  const error = asError(value);
  return new BerthError('internal', error.message, { cause: error });
}

function clientGone(): BerthError {
  return new BerthError('cancelled', 'the client went away', { code: 'client_gone' });
}
