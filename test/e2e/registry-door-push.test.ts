import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../harness/images.ts';
import {
  artifact,
  asOwner,
  asStranger,
  codeOf,
  descriptor,
  image,
  indexType,
  manifestType,
  newBytes,
  open,
  push,
  put,
  stores,
  useDoors,
} from '../harness/registry-door.ts';

useDoors();

describe('push of a blob', () => {
  it('goes in one request', async () => {
    const bytes = newBytes();
    const digest = digestOf(bytes);
    const answer = await asOwner('POST', `/v2/push/a/blobs/uploads/?digest=${digest}`, { body: bytes });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.location, `/v2/push/a/blobs/${digest}`);
    assert.equal(answer.headers['docker-content-digest'], digest);
    assert.deepEqual((await asOwner('GET', answer.headers.location ?? '')).body, bytes);
  });

  it('goes in two, with the bytes in the last', async () => {
    const bytes = newBytes();
    const location = await open('push/b');
    const done = await asOwner('PUT', `${location}?digest=${digestOf(bytes)}`, { body: bytes });
    assert.equal(done.status, 201);
    assert.deepEqual((await asOwner('GET', done.headers.location ?? '')).body, bytes);
    assert.equal((await asOwner('GET', location)).status, 404);
  });

  it('goes as one stream', async () => {
    const bytes = newBytes(300_000);
    const location = await open('push/c');
    const patched = await asOwner('PATCH', location, { body: bytes });
    assert.equal(patched.status, 202);
    assert.equal(patched.headers.range, '0-299999');
    const done = await asOwner('PUT', `${patched.headers.location}?digest=${digestOf(bytes)}`);
    assert.equal(done.status, 201);
  });

  it('goes in parts, each where the last one ended', async () => {
    const bytes = newBytes(100);
    const location = await open('push/d');
    const part = (from: number, to: number) =>
      asOwner('PATCH', location, {
        body: bytes.subarray(from, to + 1),
        headers: { 'content-range': `${from}-${to}` },
      });
    assert.equal((await part(0, 29)).headers.range, '0-29');
    const wrong = await part(50, 99);
    assert.equal(wrong.status, 416);
    assert.equal(wrong.headers.range, '0-29');
    assert.equal(wrong.headers.location, location);
    const repeated = await part(0, 29);
    assert.equal(repeated.status, 416);
    const status = await asOwner('GET', location);
    assert.equal(status.status, 204);
    assert.equal(status.headers.range, '0-29');
    assert.equal((await part(30, 79)).status, 202);
    const done = await asOwner('PUT', `${location}?digest=${digestOf(bytes)}`, {
      body: bytes.subarray(80),
      headers: { 'content-range': '80-99' },
    });
    assert.equal(done.status, 201);
  });

  it('refuses parts that are not what they say', async () => {
    const location = await open('push/e');
    const send = (range: string) => asOwner('PATCH', location, { body: 'abc', headers: { 'content-range': range } });
    for (const range of ['5', '2-0', '-1-1', 'bytes */3', 'x-y', `0-${'9'.repeat(40)}`]) {
      const answer = await send(range);
      assert.equal(answer.status, 400, range);
      assert.equal(codeOf(answer), 'BLOB_UPLOAD_INVALID');
    }
    assert.equal(codeOf(await send('0-7')), 'SIZE_INVALID');
    assert.equal((await asOwner('GET', location)).headers.range, '0-0');
    assert.equal((await send('bytes 0-2/3')).status, 202);
  });

  it('ends when it is taken back', async () => {
    const location = await open('push/f');
    await asOwner('PATCH', location, { body: 'abc' });
    assert.equal((await asOwner('DELETE', location)).status, 204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await asOwner(method, location);
      assert.equal(answer.status, 404);
      assert.equal(codeOf(answer), 'BLOB_UPLOAD_UNKNOWN');
    }
  });

  it('of other bytes than were promised leaves nothing', async () => {
    const digest = digestOf(Buffer.from('promised'));
    const whole = await asOwner('POST', `/v2/push/g/blobs/uploads/?digest=${digest}`, { body: 'other' });
    const location = await open('push/g');
    await asOwner('PATCH', location, { body: 'other' });
    const parts = await asOwner('PUT', `${location}?digest=${digest}`);
    for (const answer of [whole, parts]) {
      assert.equal(answer.status, 400);
      assert.equal(codeOf(answer), 'DIGEST_INVALID');
    }
    assert.equal((await asOwner('GET', location)).status, 404);
    for (const bytes of ['promised', 'other']) {
      assert.equal((await asOwner('HEAD', `/v2/push/g/blobs/${digestOf(Buffer.from(bytes))}`)).status, 404);
    }
  });

  it('refuses what is no digest', async () => {
    const location = await open('push/h');
    for (const digest of ['', 'sha256:short', `sha256:${'G'.repeat(64)}`, `md5:${'a'.repeat(32)}`, 'x']) {
      const done = await asOwner('PUT', `${location}?digest=${digest}`);
      assert.equal(done.status, 400, digest);
      assert.equal(codeOf(done), 'DIGEST_INVALID');
      assert.equal((await asOwner('GET', `/v2/push/h/blobs/${digest || 'none'}`)).status, 400);
    }
  });

  it('takes sha512 too', async () => {
    const { createHash } = await import('node:crypto');
    const bytes = newBytes();
    const digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
    assert.equal((await asOwner('POST', `/v2/push/i/blobs/uploads/?digest=${digest}`, { body: bytes })).status, 201);
    assert.deepEqual((await asOwner('GET', `/v2/push/i/blobs/${digest}`)).body, bytes);
  });

  it('is of one repository', async () => {
    const location = await open('push/j');
    assert.equal((await asOwner('GET', location.replace('push/j', 'push/k'))).status, 404);
  });

  it('that is empty is a blob of no bytes', async () => {
    const location = await open('push/l');
    const done = await asOwner('PUT', `${location}?digest=${digestOf(Buffer.alloc(0))}`);
    assert.equal(done.status, 201);
    const got = await asOwner('GET', done.headers.location ?? '');
    assert.equal(got.status, 200);
    assert.equal(got.headers['content-length'], '0');
    assert.equal((await asOwner('GET', done.headers.location ?? '', { headers: { range: 'bytes=0-' } })).status, 416);
  });

  it('is not needed for what is here, in whatever namespace', async () => {
    const digest = await push('push/m', newBytes());
    for (const from of ['&from=push/m', '']) {
      const mounted = await asOwner('POST', `/v2/push/n/blobs/uploads/?mount=${digest}${from}`, {
        headers: { 'berth-namespace': 'mounting' },
      });
      assert.equal(mounted.status, 201);
      assert.equal(mounted.headers.location, `/v2/push/n/blobs/${digest}`);
    }
    const none = digestOf(Buffer.from('not here'));
    const answer = await asOwner('POST', `/v2/push/n/blobs/uploads/?mount=${none}&from=push/m`);
    assert.equal(answer.status, 202);
    assert.equal((await asOwner('GET', answer.headers.location ?? '')).status, 204);
  });

  it('goes on with what an earlier one left, for who asks', async () => {
    const bytes = newBytes(1000);
    const digest = digestOf(bytes);
    const start = () =>
      asOwner('POST', `/v2/push/o/blobs/uploads/?mount=${digest}`, { headers: { 'berth-resume': 'true' } });
    const first = await start();
    await asOwner('PATCH', first.headers.location ?? '', { body: bytes.subarray(0, 400) });
    const second = await start();
    assert.equal(second.status, 202);
    assert.equal(second.headers.range, '0-399');
    await asOwner('PATCH', second.headers.location ?? '', { body: bytes.subarray(400) });
    assert.equal((await asOwner('PUT', `${second.headers.location}?digest=${digest}`)).status, 201);
    assert.equal((await start()).status, 201);
  });
});

describe('push of a manifest', () => {
  it('names an image by its tag, and moves the name', async () => {
    const one = await artifact('man/a');
    const answer = await put('man/a', 'tag', one.bytes);
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['docker-content-digest'], one.digest);
    assert.equal(answer.headers.location, `/v2/man/a/manifests/${one.digest}`);
    const two = await image('man/a', 'tag');
    assert.deepEqual((await asOwner('GET', '/v2/man/a/manifests/tag')).body, two.bytes);
    const record = stores.metadata.read((tx) => tx.images.get('default', 'docker.io/man/a:tag'));
    assert.equal(record?.target.digest, two.digest);
  });

  it('by digest is there for its owner, without a name', async () => {
    const { bytes, digest } = await artifact('man/b');
    assert.equal((await put('man/b', digest, bytes)).status, 201);
    await stores.collector.collect();
    assert.deepEqual((await asOwner('GET', `/v2/man/b/manifests/${digest}`)).body, bytes);
    assert.equal((await asStranger('GET', `/v2/man/b/manifests/${digest}`)).status, 404);
  });

  it('needs its blobs', async () => {
    const { bytes } = await artifact('man/c');
    const missing = descriptor(Buffer.from('missing'));
    for (const change of [{ layers: [missing] }, { config: missing }]) {
      const broken = JSON.stringify({ ...(JSON.parse(bytes.toString()) as object), ...change });
      const answer = await put('man/c', 'tag', broken);
      assert.equal(answer.status, 404);
      assert.equal(codeOf(answer), 'MANIFEST_BLOB_UNKNOWN');
    }
    assert.equal((await asOwner('GET', '/v2/man/c/manifests/tag')).status, 404);
    const foreign = { ...missing, urls: ['https://elsewhere.example/layer'] };
    const allowed = JSON.stringify({ ...(JSON.parse(bytes.toString()) as object), layers: [foreign] });
    assert.equal((await put('man/c', 'tag', allowed)).status, 201);
  });

  it('refuses what is none', async () => {
    const { bytes, digest } = await artifact('man/d');
    for (const [body, type] of [
      ['{', manifestType],
      ['[]', manifestType],
      ['{"schemaVersion":1}', manifestType],
      [bytes, indexType],
      [bytes, 'text/plain'],
      ['', manifestType],
      ['{"schemaVersion":2,"config":{},"layers":[]}', manifestType],
      [`{"schemaVersion":2,"manifests":[],"layers":[]}`, indexType],
      ['{"a":'.repeat(5000), manifestType],
    ] as const) {
      const answer = await put('man/d', 'tag', body, type);
      assert.equal(answer.status, 400, `${body.slice(0, 40).toString()} ${type}`);
      assert.equal(codeOf(answer), 'MANIFEST_INVALID');
    }
    const other = digestOf(Buffer.from('other'));
    const wrong = await put('man/d', other, bytes);
    assert.equal(wrong.status, 400);
    assert.equal(codeOf(wrong), 'DIGEST_INVALID');
    for (const page of ['tag', other, digest]) {
      assert.equal((await asOwner('GET', `/v2/man/d/manifests/${page}`)).status, 404);
    }
  });

  it('refuses more than 4 MiB', async () => {
    const answer = await put('man/e', 'tag', Buffer.alloc((4 << 20) + 1, 0x20));
    assert.equal(answer.status, 413);
  });

  it('refuses tags that are none', async () => {
    const { bytes } = await artifact('man/f');
    for (const tag of ['.hidden', '-x', 'a'.repeat(129), 'a%20b', '%C3%A4']) {
      assert.equal((await put('man/f', tag, bytes)).status, 400, tag);
    }
  });

  it('takes an index of which something is here, and answers 404 for the rest', async () => {
    const { bytes, digest } = await artifact('man/g');
    assert.equal((await put('man/g', digest, bytes)).status, 201);
    const absent = {
      ...descriptor(Buffer.from('absent'), manifestType),
      platform: { os: 'linux', architecture: 'arm' },
    };
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [descriptor(bytes, manifestType), absent],
    });
    assert.equal((await put('man/g', 'tag', index, indexType)).status, 201);
    await stores.collector.collect();
    assert.equal((await asStranger('GET', `/v2/man/g/manifests/${digest}`)).status, 200);
    assert.equal((await asStranger('GET', `/v2/man/g/manifests/${absent.digest}`)).status, 404);
    const nothing = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [absent] });
    assert.equal(codeOf(await put('man/g', 'tag', nothing, indexType)), 'MANIFEST_BLOB_UNKNOWN');
  });

  it('keeps what was pushed until a manifest needs it, and no longer than that', async () => {
    const { bytes, digest, layer } = await artifact('man/h');
    await stores.collector.collect();
    const waiting = () => stores.metadata.read((tx) => tx.leases.list('default').map(({ id }) => id));
    assert.ok(waiting().includes(`pushed-${digestOf(layer)}`));
    assert.equal((await put('man/h', 'tag', bytes)).status, 201);
    assert.ok(!waiting().includes(`pushed-${digestOf(layer)}`));
    await stores.collector.collect();
    assert.equal((await asOwner('HEAD', `/v2/man/h/blobs/${digestOf(layer)}`)).status, 200);
    assert.equal((await asOwner('DELETE', '/v2/man/h/manifests/tag')).status, 202);
    for (const page of [`manifests/${digest}`, `blobs/${digestOf(layer)}`, 'manifests/tag']) {
      assert.equal((await asOwner('HEAD', `/v2/man/h/${page}`)).status, 404, page);
    }
  });
});
