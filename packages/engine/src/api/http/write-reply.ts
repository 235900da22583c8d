import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { asError, BerthError } from '@berth/model/error';
import { roomIn } from './room-in.ts';
import type { Reply, ReplyHeaders } from './route.ts';

/** Writes an answer that is not an upgrade. Back pressure reaches the iterables; for HEAD they are not touched. */
export async function writeReply(response: ServerResponse, reply: Reply): Promise<void> {
  if ('lines' in reply) {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    await writeLines(response, reply.lines, reply.onError);
  } else if ('bytes' in reply) {
    response.writeHead(reply.status ?? 200, { 'content-type': reply.contentType, ...reply.headers });
    response.flushHeaders();
    if (response.req.method !== 'HEAD') for await (const chunk of reply.bytes) await writeChunk(response, chunk);
  } else if ('json' in reply) {
    writeJson(response, reply.status ?? 200, reply.json, reply.headers);
    return;
  } else if ('upgrade' in reply) {
    throw new BerthError('invalid_argument', `this request needs 'Upgrade: ${reply.upgrade}'`, { code: 'no_upgrade' });
  } else {
    response.writeHead(reply.status, reply.headers);
  }
  response.end();
}

/** A short answer at once. */
export function writeJson(response: ServerResponse, status: number, json: unknown, headers?: ReplyHeaders): void {
  const body = JSON.stringify(json);
  const length = Buffer.byteLength(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(body);
}

/** Answers an upgrade request: 101 and the connection, or an ordinary short answer. */
export async function writeUpgrade(socket: Duplex, reply: Reply): Promise<void> {
  if (!('upgrade' in reply)) {
    const body = 'json' in reply ? JSON.stringify(reply.json) : '';
    const status = 'status' in reply ? (reply.status ?? 200) : 200;
    socket.end(
      `HTTP/1.1 ${status} OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
    return;
  }
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${reply.upgrade}\r\n\r\n`);
  await reply.take(socket);
}

async function writeLines(
  response: ServerResponse,
  lines: AsyncIterable<unknown>,
  onError: (error: Error) => unknown,
): Promise<void> {
  try {
    for await (const line of lines) await writeChunk(response, `${JSON.stringify(line)}\n`);
  } catch (error) {
    if (response.destroyed) return;
    await writeChunk(response, `${JSON.stringify(onError(asError(error)))}\n`);
  }
}

async function writeChunk(response: ServerResponse, chunk: Uint8Array | string): Promise<void> {
  if (response.destroyed) throw new BerthError('cancelled', 'the client went away', { code: 'client_gone' });
  if (response.write(chunk)) return;
  await roomIn(response);
}
