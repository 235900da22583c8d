import type { Socket } from 'node:net';
import { BerthError } from '@berth/model/error';
import { apiPrefix, namespaceHeader } from '@berth/wire/native/api';
import { lost, readBody, readHead, type AnswerHead } from './answer.ts';
import { ByteSource } from './byte-source.ts';
import { openConnection } from './connection.ts';
import { fromErrorAnswer, lineError } from './error-body.ts';
import { encodeQuery, type Query } from './query.ts';

/**
 * HTTP/1.1 to the daemon, one connection a request.
 *
 * It is our own because node:http costs a short-lived command 7 of the 12 ms that a request takes (loading and
 * first use), and because an upgraded connection is then read in one place on every version of Node.
 */
export interface Transport {
  readonly socket: string;
  /** Whose images, containers and leases the calls see; the daemon's default when absent. */
  readonly namespace?: string | undefined;
  /** Called once when no daemon listens; when it returns, the request is tried again. */
  readonly whenAbsent?: (error: BerthError) => Promise<void>;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the API's prefix; segments are already escaped. */
  readonly path: string;
  readonly query?: Query;
  readonly json?: unknown;
  readonly body?: AsyncIterable<Uint8Array>;
  /** Ask for this protocol. */
  readonly upgrade?: string;
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose head was read and whose status is a good one. */
export interface Answer {
  readonly head: AnswerHead;
  readonly connection: Socket;
  readonly source: ByteSource;
}

/** @throws what the daemon answered, or unavailable */
export async function send(transport: Transport, call: HttpCall): Promise<Answer> {
  const connection = await connect(transport, call.signal);
  // An error reaches us through the reads; without a listener it would end the process.
  connection.on('error', () => undefined);
  const source = new ByteSource(connection);
  try {
    const sent = writeRequest(connection, transport, call);
    sent.catch((error: Error) => connection.destroy(error));
    const head = await readHead(source);
    if (head.status < 400 && (call.upgrade === undefined || head.status === 101)) return { head, connection, source };
    throw fromErrorAnswer(head.status, await readText(source, head));
  } catch (error) {
    connection.destroy();
    throw transportError(error, call.signal);
  }
}

async function connect(transport: Transport, signal: AbortSignal | undefined): Promise<Socket> {
  try {
    return await openConnection(transport.socket, signal);
  } catch (error) {
    const absent = error instanceof BerthError && error.code === 'daemon_not_running';
    if (!absent || transport.whenAbsent === undefined) throw error;
    await transport.whenAbsent(error);
    return await openConnection(transport.socket, signal);
  }
}

async function writeRequest(connection: Socket, { namespace }: Transport, call: HttpCall): Promise<void> {
  const json = call.json === undefined ? undefined : JSON.stringify(call.json);
  const head = [
    `${call.method} ${apiPrefix}${call.path}${encodeQuery(call.query)} HTTP/1.1`,
    'Host: berth',
    ...(namespace === undefined ? [] : [`${namespaceHeader}: ${headerText(namespace)}`]),
    ...(call.upgrade === undefined ? ['Connection: close'] : ['Connection: Upgrade', `Upgrade: ${call.upgrade}`]),
  ];
  if (json !== undefined) head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`);
  else if (call.body !== undefined) head.push('Content-Type: application/octet-stream', 'Transfer-Encoding: chunked');
  else if (call.method !== 'GET') head.push('Content-Length: 0');
  connection.write(`${head.join('\r\n')}\r\n\r\n${json ?? ''}`);
  if (call.body === undefined) return;
  for await (const chunk of call.body) {
    if (chunk.length === 0) continue;
    connection.cork();
    connection.write(`${chunk.length.toString(16)}\r\n`);
    connection.write(chunk);
    const roomLeft = connection.write('\r\n');
    connection.uncork();
    if (!roomLeft) await drained(connection);
    if (connection.destroyed) return;
  }
  connection.write('0\r\n\r\n');
}

/** What would end the header's line is refused here, all else by the daemon. */
function headerText(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new BerthError('invalid_argument', `${JSON.stringify(text)} is no namespace`, { code: 'bad_namespace' });
}

/** Until the connection takes more, or is gone. */
export function drained(connection: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      connection.off('drain', done).off('close', done);
      resolve();
    };
    connection.once('drain', done).once('close', done);
  });
}

/** An answer that is one JSON value; undefined when it has no body. */
export async function requestJson<T>(transport: Transport, call: HttpCall): Promise<T> {
  const { head, source, connection } = await send(transport, call);
  try {
    const text = await readText(source, head);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch (error) {
    throw transportError(error, call.signal);
  } finally {
    connection.destroy();
  }
}

/** An answer as it comes. Leaving the loop closes the connection. */
export async function* requestBytes(transport: Transport, call: HttpCall): AsyncGenerator<Buffer> {
  const { head, source, connection } = await send(transport, call);
  try {
    yield* readBody(source, head);
  } catch (error) {
    throw transportError(error, call.signal);
  } finally {
    connection.destroy();
  }
}

/** An answer in JSON lines. @throws the error that a line holds */
export async function* requestLines<T>(transport: Transport, call: HttpCall): AsyncGenerator<T> {
  let pending = '';
  const decoder = new TextDecoder();
  for await (const bytes of requestBytes(transport, call)) {
    const lines = (pending + decoder.decode(bytes, { stream: true })).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield parseLine(line) as T;
  }
  if (pending.trim() !== '') yield parseLine(pending) as T;
}

function parseLine(text: string): unknown {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    throw transportError(error, undefined);
  }
  const error = lineError(line);
  if (error !== undefined) throw error;
  return line;
}

async function readText(source: ByteSource, head: AnswerHead): Promise<string> {
  const parts: Buffer[] = [];
  for await (const bytes of readBody(source, head)) parts.push(bytes);
  return Buffer.concat(parts).toString('utf8');
}

/** What the caller gets for a failure on the wire: the reason of its own abort first. */
export function transportError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof BerthError) return error;
  if (error instanceof SyntaxError) {
    return new BerthError('internal', 'the daemon did not answer JSON', { code: 'bad_answer', cause: error });
  }
  return lost(error);
}
