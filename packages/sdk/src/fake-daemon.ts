import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { encodeFrame, type Frame, FrameParser, type FrameType } from '@berth/wire/native/stream';

/** What a test's daemon does with a request; node:http writes it, so that our own client meets another's server. */
export interface FakeHandlers {
  readonly request?: (request: IncomingMessage, response: ServerResponse) => void;
  /** After 101: the frames in both directions. */
  readonly stream?: (peer: StreamPeer, request: IncomingMessage) => void;
}

/** The daemon's side of a stream. */
export interface StreamPeer {
  readonly connection: Socket;
  send(type: FrameType, payload?: string | Uint8Array): boolean;
  onFrame(handle: (frame: Frame) => void): void;
}

/** A daemon on a socket of its own, gone with the test. Returns the socket's path. */
export async function fakeDaemon(t: TestContext, handlers: FakeHandlers): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-sdk-'));
  const socket = path.join(folder, 's');
  const upgraded = new Set<Socket>();
  const server: Server = createServer((request, response) => handlers.request?.(request, response));
  server.on('upgrade', (request, connection: Socket, head: Buffer) => {
    connection.on('error', () => undefined);
    upgraded.add(connection);
    connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: berth-stream\r\n\r\n');
    handlers.stream?.(streamPeer(connection, head), request);
  });
  t.after(() => {
    for (const connection of upgraded) connection.destroy();
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return socket;
}

function streamPeer(connection: Socket, head: Buffer): StreamPeer {
  const parser = new FrameParser();
  return {
    connection,
    send: (type, payload = '') => connection.write(encodeFrame(type, Buffer.from(payload as string))),
    onFrame(handle) {
      for (const frame of parser.push(head)) handle(frame);
      connection.on('data', (chunk: Buffer) => parser.push(chunk).forEach(handle));
    },
  };
}
