import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { connectBerth } from './client.ts';
import { fakeDaemon } from './fake-daemon.ts';
import { version } from './version.ts';
import manifest from '../package.json' with { type: 'json' };

const fails = (kind: string, code: string) => (error: unknown) =>
  error instanceof BerthError && error.kind === kind && error.code === code;

test('the version is the package’s', () => assert.equal(version, manifest.version));

test('a call is one request with its query, body and answer', async (t) => {
  const seen: string[] = [];
  const socket = await fakeDaemon(t, {
    request(request, response) {
      void text(request).then((body) => {
        seen.push(`${request.method} ${request.url} ${body}`);
        response.end(request.method === 'GET' ? '[]' : '{"id":"x","name":"n","warnings":[]}');
      });
    },
  });
  const client = connectBerth({ socket });
  await client.containers.list({ all: true, filters: ['name=a b', 'label=c=d'] });
  await client.containers.create({ image: 'é' });
  await client.containers.stop('a/b', { timeout: 0, stopSignal: 'INT' });
  await client.containers.remove('x', { force: true });
  assert.deepEqual(seen, [
    'GET /berth/v1/containers?all=1&filter=name%3Da%20b&filter=label%3Dc%3Dd ',
    'POST /berth/v1/containers {"image":"é"}',
    'POST /berth/v1/containers/a%2Fb/stop?timeout=0&signal=INT ',
    'DELETE /berth/v1/containers/x?force=1 ',
  ]);
});

test('an error keeps the daemon’s kind, code and hint', async (t) => {
  const answers = [
    [409, '{"error":{"kind":"already_exists","code":"name_in_use","message":"m","hint":"h"}}'],
    [404, 'plain text'],
    [500, '{"error":{"kind":"new_kind","code":"c","message":"m"}}'],
    [400, '{"error":null}'],
  ] as const;
  let next = 0;
  const socket = await fakeDaemon(t, {
    request(_, response) {
      const [status, body] = answers[next++] ?? [200, ''];
      response.writeHead(status).end(body);
    },
  });
  const client = connectBerth({ socket });
  await assert.rejects(
    client.ping(),
    (error) => fails('already_exists', 'name_in_use')(error) && (error as BerthError).hint === 'h',
  );
  await assert.rejects(client.ping(), fails('not_found', 'bad_answer'));
  await assert.rejects(client.ping(), fails('internal', 'c'));
  await assert.rejects(client.ping(), fails('invalid_argument', 'bad_answer'));
});

test('nobody on the socket is a daemon that does not run', async () => {
  await assert.rejects(connectBerth({ socket: '/nonexistent/s' }).ping(), fails('unavailable', 'daemon_not_running'));
});

test('a daemon that is started on the way is asked again, once', async (t) => {
  const socket = await fakeDaemon(t, { request: (_, response) => void response.end('{"version":"1"}') });
  let starts = 0;
  const absent = connectBerth({ socket: `${socket}-no`, whenAbsent: () => Promise.resolve(void starts++) });
  await assert.rejects(absent.ping(), fails('unavailable', 'daemon_not_running'));
  assert.equal(starts, 1);
  assert.equal((await connectBerth({ socket, whenAbsent: () => Promise.reject(new Error('no')) }).ping()).version, '1');
});

test('a body is streamed, and an early refusal of it is told', async (t) => {
  let received = 0;
  const socket = await fakeDaemon(t, {
    request(request, response) {
      if (request.url?.includes('import') === true) {
        const refusal = '{"error":{"kind":"invalid_argument","code":"no","message":"m"}}';
        response.writeHead(400, { connection: 'close' }).end(refusal);
        return;
      }
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      request.on('end', () => {
        response.write('{"status":"reading"}\n{"sta');
        setImmediate(() => response.end('tus":"x"}\n{"done":{"images":[]}}'));
      });
    },
  });
  async function* body() {
    for (let at = 0; at < 64; at++) yield new Uint8Array(at === 3 ? 0 : 65_536);
  }
  const client = connectBerth({ socket });
  const events = await Array.fromAsync(client.images.load({ body: body() }));
  assert.equal(received, 63 * 65_536);
  assert.deepEqual(events, [{ status: 'reading' }, { status: 'x' }, { done: { images: [] } }]);
  async function* short() {
    yield new Uint8Array(10);
    await once(AbortSignal.timeout(50), 'abort');
  }
  await assert.rejects(Array.fromAsync(client.images.import({ body: short() })), fails('invalid_argument', 'no'));
});

test('an error line ends a report as an error', async (t) => {
  const line = '{"error":{"kind":"data_loss","code":"bad_layer","message":"m"}}';
  const socket = await fakeDaemon(t, { request: (_, response) => void response.end(`{"status":"a"}\n${line}\n`) });
  const seen: unknown[] = [];
  await assert.rejects(
    async () => {
      for await (const event of connectBerth({ socket }).images.load({ path: '/x' })) seen.push(event);
    },
    fails('data_loss', 'bad_layer'),
  );
  assert.equal(seen.length, 1);
});

test('an abort rejects with its reason, before and during an answer', async (t) => {
  const socket = await fakeDaemon(t, { request: (_, response) => response.writeHead(200).flushHeaders() });
  const client = connectBerth({ socket });
  const reason = new Error('enough');
  await assert.rejects(client.ping({ signal: AbortSignal.abort(reason) }), reason);
  const abort = new AbortController();
  setTimeout(() => abort.abort(reason), 20);
  await assert.rejects(client.ping({ signal: abort.signal }), reason);
});

test('leaving the loop of events closes the connection', async (t) => {
  const closed = Promise.withResolvers<void>();
  const socket = await fakeDaemon(t, {
    request(_, response) {
      response.on('close', closed.resolve);
      response.write('{"action":"start"}\n');
    },
  });
  for await (const event of connectBerth({ socket }).events()) {
    assert.equal(event.action, 'start');
    break;
  }
  await closed.promise;
});

test('logs are frames of two streams', async (t) => {
  const { encodeFrame, frameTypes } = await import('@berth/wire/native/stream');
  const frames = Buffer.concat([
    encodeFrame(frameTypes.stdout, Buffer.from('out')),
    encodeFrame(frameTypes.stderr, Buffer.from('err')),
  ]);
  const socket = await fakeDaemon(t, {
    request(_, response) {
      response.write(frames.subarray(0, 5));
      setImmediate(() => response.end(frames.subarray(5)));
    },
  });
  const chunks = await Array.fromAsync(connectBerth({ socket }).containers.logs('x'));
  assert.deepEqual(
    chunks.map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()]),
    [
      ['stdout', 'out'],
      ['stderr', 'err'],
    ],
  );
});

test('a pull is its events, and a request for what it wants and who asks', async (t) => {
  const seen: string[] = [];
  const socket = await fakeDaemon(t, {
    request(request, response) {
      void text(request).then((body) => {
        seen.push(`${request.method} ${request.url} ${String(request.headers['berth-namespace'])} ${body}`);
        response.end('{"id":"a","status":"done"}\n{"pulled":{"images":[]}}\n');
      });
    },
  });
  const client = connectBerth({ socket, namespace: 'k8s.io' });
  const auth = { username: 'u', password: 'p' };
  const events: unknown[] = [];
  for await (const event of client.images.pull('app', { platforms: ['all'], auth })) events.push(event);
  for await (const _ of client.images.push('app')) break;
  assert.deepEqual(events, [{ id: 'a', status: 'done' }, { pulled: { images: [] } }]);
  assert.deepEqual(seen, [
    'POST /berth/v1/images/pull k8s.io {"ref":"app","platforms":["all"],"auth":{"username":"u","password":"p"}}',
    'POST /berth/v1/images/push k8s.io {"ref":"app"}',
  ]);
});

test('what is saved is bytes as they come, and a refusal before them is an error', async (t) => {
  const socket = await fakeDaemon(t, {
    request(request, response) {
      if (request.url?.includes('absent') === true) {
        response.writeHead(404).end('{"error":{"kind":"not_found","code":"no_such_image","message":"m"}}');
      } else {
        response.write('one');
        response.end(request.url);
      }
    },
  });
  const { images } = connectBerth({ socket });
  const read = async (bytes: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(bytes)).toString();
  const query = '?ref=a&ref=b%3A1&platform=linux%2Farm64';
  assert.equal(
    await read(images.save(['a', 'b:1'], { platforms: ['linux/arm64'] })),
    `one/berth/v1/images/save${query}`,
  );
  await assert.rejects(read(images.save(['absent'])), fails('not_found', 'no_such_image'));
});

test('namespaces, leases, pods and the disk are asked for by their own paths', async (t) => {
  const seen: string[] = [];
  const socket = await fakeDaemon(t, {
    request(request, response) {
      void text(request).then((body) => {
        seen.push(`${request.method} ${request.url?.replace('/berth/v1', '')} ${body}`.trim());
        response.end('[]');
      });
    },
  });
  const client = connectBerth({ socket });
  await client.namespaces.put('a/b', { shareGroup: '' });
  await client.namespaces.remove('a');
  await client.leases.create({ ttl: 5 });
  await client.leases.remove('l', { sync: true });
  await client.pods.list({ filters: ['status=ready', 'label=a=b'] });
  await client.pods.inspect('shop/web');
  await client.pods.stop('p');
  await client.pods.remove('p', { force: true });
  await client.system.diskUse();
  await client.system.collect();
  await client.system.whatHolds('sha256:ab');
  await client.images.prune({ all: true });
  assert.deepEqual(seen, [
    'POST /namespaces/a%2Fb {"shareGroup":""}',
    'DELETE /namespaces/a',
    'POST /leases {"ttl":5}',
    'DELETE /leases/l?sync=1',
    'GET /pods?filter=status%3Dready&filter=label%3Da%3Db',
    'GET /pods/shop%2Fweb',
    'POST /pods/p/stop',
    'DELETE /pods/p?force=1',
    'GET /system/df',
    'POST /gc',
    'GET /gc/explain?ref=sha256%3Aab',
    'POST /images/prune {"all":true}',
  ]);
});
