import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock, FakeRegistry, never, read, someBlob, someManifest } from '../fixture.ts';

const as = { username: 'user', password: 'secret' };

describe('a request to a registry', () => {
  it('is sent again after failures that pass, with growing pauses', async () => {
    const { bytes, descriptor } = someManifest('a');
    const statuses = [500, 503, 408];
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(statuses.shift() ?? 200).end(bytes);
    });
    const clock = new FakeClock();
    const got = await registry.repository({ clock, firstPause: 100 }).manifest(descriptor, never);
    assert.ok(bytes.equals(got));
    assert.equal(clock.pauses.length, 3);
    clock.pauses.forEach((pause, at) => assert.ok(pause >= 50 * 2 ** at && pause <= 100 * 2 ** at, String(pause)));
  });

  it('waits as long as Retry-After says, in seconds or until a date', async () => {
    const clock = new FakeClock();
    const { bytes, descriptor } = someManifest('a');
    const waits = ['7', new Date(clock.now() + 12_000).toUTCString()];
    await using registry = await FakeRegistry.start((_request, response) => {
      const wait = waits.shift();
      if (wait === undefined) response.end(bytes);
      else response.writeHead(429, { 'retry-after': wait }).end();
    });
    await registry.repository({ clock }).manifest(descriptor, never);
    assert.deepEqual(clock.pauses, [7000, 5000]);
  });

  it('is given up after its repetitions, or when it would have to wait for long', async () => {
    const { descriptor } = someManifest('a');
    const complaint = { errors: [{ code: 'TOOMANYREQUESTS', message: 'slow\n\u001b[31mdown' }] };
    let wait: object = {};
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(429, { ...wait }).end(JSON.stringify(complaint));
    });
    const repository = registry.repository();
    await assert.rejects(repository.manifest(descriptor, never), {
      kind: 'resource_exhausted',
      code: 'too_many_requests',
      message: /slow \[31mdown$/,
    });
    assert.equal(registry.seen.length, 4);
    wait = { 'retry-after': '3600' };
    await assert.rejects(repository.manifest(descriptor, never), { code: 'too_many_requests' });
    assert.equal(registry.seen.length, 5);
  });

  it('fails at once where nobody listens', async () => {
    const registry = await FakeRegistry.start(() => undefined);
    await registry[Symbol.asyncDispose]();
    const repository = registry.repository();
    await assert.rejects(repository.resolve({ tag: '1' }, never), { kind: 'unavailable', code: 'no_connection' });
  });

  it('ends when it is cancelled', async () => {
    await using registry = await FakeRegistry.start(() => undefined);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    await assert.rejects(registry.repository().resolve({ tag: '1' }, stop.signal), { kind: 'cancelled' });
  });

  it('is not confused by a code that every object knows', async () => {
    const { descriptor } = someManifest('a');
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'constructor', message: '' }] }));
    });
    const asked = registry.repository().manifest(descriptor, never);
    await assert.rejects(asked, { kind: 'not_found', code: 'no_such_manifest' });
  });

  it('maps statuses to kinds, and says what the registry said', async () => {
    const { descriptor } = someManifest('a');
    let status = 0;
    let code = 'DENIED';
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(status).end(JSON.stringify({ errors: [{ code, message: 'because' }] }));
    });
    const repository = registry.repository();
    const expected = [
      [401, 'unauthenticated', 'login_needed'],
      [403, 'permission_denied', 'registry_denied'],
      [404, 'not_found', 'no_such_manifest'],
      [400, 'invalid_argument', 'registry_refused'],
      [405, 'unimplemented', 'registry_lacks'],
      [502, 'unavailable', 'registry_failed'],
    ] as const;
    for (const [answer, kind, wanted] of expected) {
      status = answer;
      const message = new RegExp(`${registry.host}/app.*because`);
      await assert.rejects(repository.manifest(descriptor, never), { kind, code: wanted, message });
    }
    status = 404;
    code = 'NAME_UNKNOWN';
    await assert.rejects(repository.manifest(descriptor, never), { code: 'no_such_repository' });
  });
});

describe('a redirect', () => {
  it('to another host takes no credentials along', async () => {
    const { bytes, descriptor } = someBlob(100);
    await using store = await FakeRegistry.start((_request, response) => response.end(bytes));
    await using registry = await FakeRegistry.start((request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      else response.writeHead(307, { location: `http://a:b@${store.host}/blob?signed=1` }).end();
    });
    assert.ok(bytes.equals(await read(registry.repository({ as }).blob(descriptor, never))));
    assert.equal(registry.seen.at(-1)?.headers.authorization, 'Basic dXNlcjpzZWNyZXQ=');
    assert.equal(store.seen.length, 1);
    assert.equal(store.seen[0]?.headers.authorization, undefined);
  });

  it('within the host keeps them', async () => {
    const { bytes, descriptor } = someBlob(100);
    await using registry = await FakeRegistry.start((request, response) => {
      if (request.headers.authorization === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      else if (request.url === '/elsewhere') response.end(bytes);
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    assert.ok(bytes.equals(await read(registry.repository({ as }).blob(descriptor, never))));
    assert.ok(registry.seen.at(-1)?.headers.authorization !== undefined);
  });

  it('that asks the next host for credentials gets none', async () => {
    const { descriptor } = someBlob(100);
    await using thief = await FakeRegistry.start((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(307, { location: `http://${thief.host}/` }).end();
    });
    await assert.rejects(read(registry.repository({ as }).blob(descriptor, never)), { kind: 'unauthenticated' });
    assert.ok(thief.seen.every(({ headers }) => headers.authorization === undefined));
  });

  it('is followed a few times only, and to http and https only', async () => {
    const { descriptor } = someManifest('a');
    let location = '/again';
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(302, { location }).end();
    });
    await assert.rejects(registry.repository().manifest(descriptor, never), { code: 'bad_redirect' });
    assert.equal(registry.seen.length, 6);
    location = 'file:///etc/passwd';
    await assert.rejects(registry.repository().manifest(descriptor, never), { code: 'bad_redirect' });
  });
});
