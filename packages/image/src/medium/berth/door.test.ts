import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Door } from './door.ts';

const { signal } = new AbortController();

describe('the door of a store', { timeout: 60_000 }, () => {
  let folder: string;
  let end: () => Promise<void>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-door-'));
  });
  afterEach(async () => {
    await end();
    rmSync(folder, { recursive: true });
  });

  /** A store that answers as the test says, and hangs up on nobody by itself. */
  async function doorTo(answer: RequestListener): Promise<Door> {
    const socket = join(folder, 'socket');
    const server = createServer({ keepAliveTimeout: 0 }, answer).listen(socket);
    await once(server, 'listening');
    end = async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    };
    return new Door({ title: 'berth:app', namespace: 'default', connect: () => connect(socket) });
  }

  it('tells a refusal at once, and reads no more of what was to be sent', async () => {
    await using door = await doorTo((_request, response) => {
      const errors = [{ code: 'DENIED', message: 'not\n\u001b[31m you' }];
      response.writeHead(403).end(JSON.stringify({ errors }));
    });
    const length = 64 << 20;
    let read = 0;
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      for (; read < length; read += 1 << 20) yield Buffer.alloc(1 << 20);
    };
    const stream = { bytes: bytes(), length };
    await assert.rejects(door.ask({ method: 'PATCH', page: '/v2/', stream, signal }), {
      kind: 'permission_denied',
      message: 'berth:app: not [31m you',
    });
    assert.ok(read < length);
  });

  it('tells what broke off an answer, and what its source said', async () => {
    await using door = await doorTo((request, response) => {
      if (request.method === 'PATCH') return;
      response.writeHead(200, { 'content-length': 10 }).write('half');
      setImmediate(() => response.destroy());
    });
    await assert.rejects(door.ask({ method: 'GET', page: '/v2/', signal }), { code: 'lost_connection' });
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(5);
      throw new RangeError('the disk is gone');
    };
    const stream = { bytes: bytes(), length: 10 };
    await assert.rejects(door.ask({ method: 'PATCH', page: '/v2/', stream, signal }), /the disk is gone/);
  });
});
