import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { silentLog } from '@berth/model/context';
import { BerthError, isKind, type ErrorKind } from '@berth/model/error';
import { Channel } from '@berth/image/grpc/channel';
import { ImageService, RuntimeService } from '@berth/wire/gen/cri/v1/api_pb';
import { framePrefix } from '@berth/wire/grpc/frame';
import { createFrontDoor } from '#daemon/front-door';
import type { RpcCall, RpcService } from './contract.ts';
import { createRpcHost } from './host.ts';

type Handlers = RpcService['handlers'];

describe('gRPC host', () => {
  const folder = mkdtempSync('/tmp/br-');
  const socket = path.join(folder, 's');
  let handlers: Handlers = {};
  // The host's table is made once: each method asks what the test has put there.
  const services = [RuntimeService, ImageService].map((description) => ({
    description,
    handlers: Object.fromEntries(
      description.methods
        .filter(({ localName }) => localName !== 'checkpointContainer')
        .map(({ localName }): [string, Handlers[string]] => [localName, (...call) => handlers[localName]!(...call)]),
    ),
  }));
  const rpc = createRpcHost({ services, log: silentLog });
  const web = http.createServer((request, response) => {
    request.resume().once('end', () => response.end(`${request.method} ${request.url}`));
  });
  const door = createFrontDoor({ http: web, rpc });
  const open = new Set<net.Socket>();

  before(async () => {
    door.on('connection', (one: net.Socket) => open.add(one.once('close', () => open.delete(one))));
    door.listen(socket);
    await once(door, 'listening');
  });

  after(async () => {
    for (const one of open) one.destroy();
    await new Promise((resolve) => door.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const version = { version: '0.1.0', runtimeName: 'b', runtimeVersion: '1', runtimeApiVersion: 'v1' };

  test('a unary call is answered, and its handler sees the metadata', async () => {
    let seen: RpcCall | undefined;
    handlers = {
      version: async (call, request) => {
        seen = call;
        return { ...version, version: (request as unknown as { version: string }).version };
      },
    };
    await using channel = await Channel.open({ socket, metadata: { 'x-who': 'me' } });
    const answer = await channel.unary(RuntimeService.method.version, { version: 'abc' });
    assert.equal(answer.version, 'abc');
    assert.deepEqual(seen?.metadata, { 'x-who': 'me' });
  });

  test('HTTP/1.1 and gRPC share the socket', async () => {
    handlers = { version: async () => version };
    await using channel = await Channel.open({ socket });
    for (const method of ['GET', 'PUT', 'POST', 'PATCH', 'DELETE']) {
      const body = await new Promise<string>((resolve, reject) => {
        const request = http.request({ socketPath: socket, path: '/x', method, agent: false }, (response) => {
          response.setEncoding('utf8').once('data', resolve);
        });
        request.once('error', reject).end();
      });
      assert.equal(body, `${method} /x`);
      assert.equal((await channel.unary(RuntimeService.method.version, {})).runtimeName, 'b');
    }
  });

  test('a first word that comes in pieces is waited for', async () => {
    for (const [pieces, expected] of [
      [['P', 'R', 'I', ' * HTTP/2.0\r\n\r\nSM\r\n\r\n'], /^\0/],
      [['P', 'O', 'ST /y HTTP/1.1\r\nHost: x\r\n', 'Content-Length: 0\r\n\r\n'], /^HTTP\/1.1 200 OK/],
    ] as const) {
      const client = net.connect(socket);
      for (const piece of pieces) {
        client.write(piece);
        await sleep(5);
      }
      const [bytes] = (await once(client, 'data')) as [Buffer];
      assert.match(bytes.toString('latin1'), expected);
      client.destroy();
    }
  });

  test('every kind of error reaches the client, with its words and its hint', async () => {
    await using channel = await Channel.open({ socket });
    const kinds: ErrorKind[] = ['not_found', 'invalid_argument', 'already_exists', 'unauthenticated', 'internal'];
    for (const kind of kinds) {
      handlers = {
        version: async () => {
          throw new BerthError(kind, 'no pod "ü" 100%\n', { hint: 'look' });
        },
      };
      await assert.rejects(
        channel.unary(RuntimeService.method.version, {}),
        (error) => isKind(error, kind) && error.message === 'no pod "ü" 100%\n (look)',
      );
    }
  });

  test('what is not served is UNIMPLEMENTED and says which', async () => {
    await using channel = await Channel.open({ socket });
    await assert.rejects(
      channel.unary(RuntimeService.method.checkpointContainer, {}),
      (error) =>
        isKind(error, 'unimplemented') && error.message.includes('CheckpointContainer of runtime.v1.RuntimeService'),
    );
  });

  test('a deadline ends the call and aborts its handler', async () => {
    const aborted = Promise.withResolvers<unknown>();
    handlers = {
      version: async ({ signal }) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason));
        return await new Promise<never>(() => undefined);
      },
    };
    const client = http2.connect('http://x', { createConnection: () => net.connect(socket) });
    const stream = client.request(
      {
        ':method': 'POST',
        ':path': '/runtime.v1.RuntimeService/Version',
        'content-type': 'application/grpc',
        'grpc-timeout': '20m',
      },
      { endStream: false },
    );
    stream.end(framePrefix(0));
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    assert.equal(headers['grpc-status'], '4');
    assert.ok(isKind(await aborted.promise, 'deadline_exceeded'));
    client.destroy();
  });

  test('a client that goes away aborts its call, and no other one', async () => {
    const began = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<unknown>();
    handlers = {
      version: async () => version,
      status: async ({ signal }) => {
        began.resolve();
        signal.addEventListener('abort', () => aborted.resolve(signal.reason));
        return await new Promise<never>(() => undefined);
      },
    };
    await using channel = await Channel.open({ socket });
    const leave = new AbortController();
    const call = channel.unary(RuntimeService.method.status, {}, { signal: leave.signal });
    call.catch(() => undefined);
    await began.promise;
    leave.abort(new Error('gone'));
    await assert.rejects(call, /gone/);
    assert.ok(isKind(await aborted.promise, 'cancelled'));
    assert.equal((await channel.unary(RuntimeService.method.version, {})).version, '0.1.0');
  });

  test('a stream of answers is made no faster than it is read, and ends when its client has gone', async () => {
    let made = 0;
    const ended = Promise.withResolvers<void>();
    handlers = {
      streamImages: async function* () {
        try {
          for (; made < 500; made++) yield { images: [{ id: 'x'.repeat(1 << 20) }] };
        } finally {
          ended.resolve();
        }
      },
    };
    await using channel = await Channel.open({ socket });
    for await (const { images } of channel.serverStream(ImageService.method.streamImages, {})) {
      assert.equal(images[0]?.id.length, 1 << 20);
      await sleep(100);
      assert.ok(made < 100, `${made} messages were made for one that was read`);
      break;
    }
    await ended.promise;
    assert.ok(made < 500);
  });

  test('a stream that fails after some answers tells both', async () => {
    handlers = {
      streamImages: async function* () {
        yield { images: [{ id: 'one' }] };
        throw new BerthError('not_found', 'no more');
      },
    };
    await using channel = await Channel.open({ socket });
    const ids: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { images } of channel.serverStream(ImageService.method.streamImages, {})) {
          ids.push(...images.map(({ id }) => id));
        }
      },
      (error) => isKind(error, 'not_found'),
    );
    assert.deepEqual(ids, ['one']);
  });

  test('messages that are too large are refused both ways, and the connection stays', async () => {
    handlers = {
      version: async () => ({ ...version, runtimeName: 'x'.repeat(17 << 20) }),
      status: async () => ({ info: { big: 'x'.repeat(15 << 20) } }),
    };
    await using channel = await Channel.open({ socket, maxMessageSize: 64 << 20 });
    await assert.rejects(
      channel.unary(RuntimeService.method.version, {}),
      (error) => isKind(error, 'resource_exhausted') && error.message.includes('filter'),
    );
    await assert.rejects(channel.unary(RuntimeService.method.version, { version: 'x'.repeat(17 << 20) }), (error) =>
      isKind(error, 'resource_exhausted'),
    );
    const { info } = await channel.unary(RuntimeService.method.status, {});
    assert.equal(info['big']?.length, 15 << 20);
  });

  test('several messages, none, half of one and nonsense are refused', async () => {
    handlers = { version: async () => version };
    const client = http2.connect('http://x', { createConnection: () => net.connect(socket) });
    const status = async (body: Buffer): Promise<unknown> => {
      const stream = client.request({
        ':method': 'POST',
        ':path': '/runtime.v1.RuntimeService/Version',
        'content-type': 'application/grpc+proto',
      });
      stream.on('error', () => undefined).end(body);
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      stream.resume();
      assert.equal(headers['grpc-accept-encoding'], 'identity');
      return headers['grpc-status'];
    };
    assert.equal(await status(Buffer.alloc(0)), '12');
    assert.equal(await status(Buffer.concat([framePrefix(0), framePrefix(0)])), '12');
    assert.equal(await status(Buffer.from([0, 0, 0, 0, 9, 1])), '3');
    assert.equal(await status(Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff])), '3');
    assert.equal(await status(Buffer.from([1, 0, 0, 0, 0])), '12');
    client.destroy();
  });

  test('what is no gRPC is answered in HTTP', async () => {
    const client = http2.connect('http://x', { createConnection: () => net.connect(socket) });
    for (const [headers, expected] of [
      [{ ':method': 'GET', ':path': '/' }, 405],
      [{ ':method': 'POST', ':path': '/', 'content-type': 'application/json' }, 415],
    ] as const) {
      const stream = client.request(headers);
      const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      assert.equal(answer[':status'], expected);
      stream.resume();
    }
    client.destroy();
  });

  test('a thousand calls at once are all answered', async () => {
    handlers = {
      version: async (_, request) => {
        await sleep(1);
        return { ...version, runtimeName: (request as unknown as { version: string }).version };
      },
    };
    await using channel = await Channel.open({ socket });
    const names = Array.from({ length: 1000 }, (_, at) => `call ${at}`);
    const answers = await Promise.all(
      names.map((name) => channel.unary(RuntimeService.method.version, { version: name })),
    );
    assert.deepEqual(
      answers.map(({ runtimeName }) => runtimeName),
      names,
    );
  });

  test('connections that break in the middle leave the others alone', async () => {
    handlers = { version: async () => version };
    for (const bytes of [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense nonsense nonsense',
      'PRI * nonsense',
      'PRI',
      '\0\0\0',
    ]) {
      const client = net.connect(socket);
      client.on('error', () => undefined);
      client.end(bytes);
      await Promise.race([once(client, 'close'), sleep(200)]);
      client.destroy();
    }
    await using channel = await Channel.open({ socket });
    assert.equal((await channel.unary(RuntimeService.method.version, {})).version, '0.1.0');
  });

  test('whatever bytes a client sends, the next one is served', async () => {
    handlers = { version: async () => version };
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const settings = Buffer.from('000000040000000000', 'hex');
    const nonsense = fc.uint8Array({ minLength: 1, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom([], [preface], [preface, settings]), nonsense, async (begin, rest) => {
        const client = net.connect(socket);
        client.on('error', () => undefined).resume();
        client.write(Buffer.concat([...begin, rest]));
        await Promise.race([once(client, 'close'), sleep(10)]);
        client.destroy();
      }),
      { numRuns: 60 },
    );
    await using channel = await Channel.open({ socket });
    assert.equal((await channel.unary(RuntimeService.method.version, {})).version, '0.1.0');
  });
});
