import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../harness/images.ts';
import {
  asOwner,
  asStranger,
  codeOf,
  image,
  manifestType,
  newBytes,
  push,
  useDoors,
} from '../harness/registry-door.ts';

useDoors();

describe('what is there to begin with', () => {
  it('is a registry of the distribution API', async () => {
    for (const page of ['/v2/', '/v2']) {
      const { status, headers } = await asOwner('GET', page);
      assert.equal(status, 200);
      assert.equal(headers['docker-distribution-api-version'], 'registry/2.0');
    }
  });

  it('tells pages and verbs that it does not have', async () => {
    const page = await asOwner('GET', '/v2/a/nothing');
    assert.equal(page.status, 404);
    const verb = await asOwner('POST', '/v2/_catalog');
    assert.equal(verb.status, 405);
    assert.equal(codeOf(verb), 'UNSUPPORTED');
  });
});

describe('pull', () => {
  it('gives a manifest by tag and by digest, the very bytes, with its type and digest', async () => {
    const { bytes, digest } = await image('pull/a', 'one');
    for (const reference of ['one', digest]) {
      const got = await asOwner('GET', `/v2/pull/a/manifests/${reference}`);
      assert.equal(got.status, 200);
      assert.deepEqual(got.body, bytes);
      assert.equal(got.headers['content-type'], manifestType);
      assert.equal(got.headers['docker-content-digest'], digest);
      const head = await asOwner('HEAD', `/v2/pull/a/manifests/${reference}`);
      assert.equal(head.status, 200);
      assert.equal(head.headers['content-length'], String(bytes.length));
      assert.equal(head.body.length, 0);
    }
  });

  it('gives a blob, whole and by HEAD', async () => {
    const { layer } = await image('pull/b', 'one');
    const got = await asOwner('GET', `/v2/pull/b/blobs/${digestOf(layer)}`);
    assert.deepEqual(got.body, layer);
    assert.equal(got.headers['docker-content-digest'], digestOf(layer));
    const head = await asOwner('HEAD', `/v2/pull/b/blobs/${digestOf(layer)}`);
    assert.equal(head.headers['content-length'], String(layer.length));
    assert.equal(head.headers['accept-ranges'], 'bytes');
  });

  it('gives parts of a blob, and says where there is none', async () => {
    const { layer } = await image('pull/c', 'one');
    const page = `/v2/pull/c/blobs/${digestOf(layer)}`;
    const part = async (range: string, more = {}): Promise<[number, string | undefined, string]> => {
      const { status, headers, body } = await asOwner('GET', page, { headers: { range, ...more } });
      return [status, headers['content-range'], body.toString()];
    };
    const text = layer.toString();
    assert.deepEqual(await part('bytes=3-5'), [206, 'bytes 3-5/40', text.slice(3, 6)]);
    assert.deepEqual(await part('bytes=30-'), [206, 'bytes 30-39/40', text.slice(30)]);
    assert.deepEqual(await part('bytes=-4'), [206, 'bytes 36-39/40', text.slice(36)]);
    assert.deepEqual(await part('bytes=0-999'), [206, 'bytes 0-39/40', text]);
    assert.deepEqual(await part('bytes=40-'), [416, 'bytes */40', '']);
    assert.deepEqual(await part('bytes=-0'), [416, 'bytes */40', '']);
    // What is no range, and several at once, means all.
    for (const range of ['bytes=5-2', 'bytes=0-1,3-4', 'bytes=--4', 'bytes=-', 'lines=0-1', 'bytes=1e3-']) {
      assert.deepEqual(await part(range), [200, undefined, text], range);
    }
    const other = { 'if-range': '"sha256:other"' };
    assert.deepEqual(await part('bytes=3-5', other), [200, undefined, text]);
    assert.equal((await part('bytes=3-5', { 'if-range': `"${digestOf(layer)}"` }))[0], 206);
  });

  it('says that nothing changed to who has it already', async () => {
    const { digest, layer } = await image('pull/d', 'one');
    for (const [page, tag] of [
      ['/v2/pull/d/manifests/one', digest],
      [`/v2/pull/d/blobs/${digestOf(layer)}`, digestOf(layer)],
    ] as const) {
      const first = await asOwner('GET', page);
      assert.equal(first.headers.etag, `"${tag}"`);
      for (const value of [`"${tag}"`, `W/"${tag}"`, `"x", "${tag}"`, '*']) {
        const again = await asOwner('GET', page, { headers: { 'if-none-match': value } });
        assert.equal(again.status, 304, value);
        assert.equal(again.body.length, 0);
      }
      assert.equal((await asOwner('GET', page, { headers: { 'if-none-match': '"x"' } })).status, 200);
    }
  });

  it('answers 404 with the code of what is missing', async () => {
    await image('pull/e', 'one');
    const none = digestOf(Buffer.from('none'));
    for (const [page, code] of [
      ['/v2/pull/e/manifests/two', 'MANIFEST_UNKNOWN'],
      [`/v2/pull/e/manifests/${none}`, 'MANIFEST_UNKNOWN'],
      [`/v2/pull/e/blobs/${none}`, 'BLOB_UNKNOWN'],
      ['/v2/pull/nobody/tags/list', 'NAME_UNKNOWN'],
      ['/v2/pull/nobody/manifests/one', 'MANIFEST_UNKNOWN'],
    ] as const) {
      for (const asker of [asOwner, asStranger]) {
        const answer = await asker('GET', page);
        assert.equal(answer.status, 404, page);
        assert.equal(codeOf(answer), code);
      }
    }
    assert.equal((await asOwner('HEAD', '/v2/pull/e/manifests/two')).status, 404);
  });

  it('takes a blob that is no manifest for no manifest', async () => {
    const digest = await push('pull/f', Buffer.from('{"schemaVersion":2}'));
    assert.equal((await asOwner('GET', `/v2/pull/f/manifests/${digest}`)).status, 404);
  });
});

describe('names', () => {
  it('are read as docker writes them, on every door', async () => {
    const { bytes } = await image('docker.io/library/plain', '1');
    for (const name of ['plain', 'library/plain', 'docker.io/library/plain', 'index.docker.io/plain']) {
      assert.deepEqual((await asStranger('GET', `/v2/${name}/manifests/1`)).body, bytes, name);
    }
    assert.deepEqual((await asStranger('GET', '/v2/library/plain/manifests/1?ns=docker.io')).body, bytes);
    assert.equal((await asStranger('GET', '/v2/library/plain/manifests/1?ns=ghcr.io')).status, 404);
  });

  it('of other registries begin with the host', async () => {
    const { bytes } = await image('ghcr.io/a/b', '1');
    assert.deepEqual((await asStranger('GET', '/v2/ghcr.io/a/b/manifests/1')).body, bytes);
    assert.deepEqual((await asStranger('GET', '/v2/a/b/manifests/1?ns=ghcr.io')).body, bytes);
    const { bytes: local } = await image('localhost:5000/app', '1');
    assert.deepEqual((await asOwner('GET', '/v2/localhost:5000/app/manifests/1')).body, local);
  });

  it('that begin alike are not one', async () => {
    await image('alike/app', '1');
    await image('alike/app-b', '2');
    await image('alike/app/c', '3');
    const { tags } = (await asOwner('GET', '/v2/alike/app/tags/list')).json() as { tags: string[] };
    assert.deepEqual(tags, ['1']);
  });

  it('that are none are refused', async () => {
    const long = 'a'.repeat(300);
    for (const name of ['a/UPPER', 'a//b', 'a/-b', 'a:b/c:d', `x/${long}`, 'a/b@c', 'a/%00', '..%2f..', '%2e%2e%2fx']) {
      const answer = await asOwner('GET', `/v2/${name}/tags/list`);
      assert.equal(answer.status, 400, name);
      assert.equal(codeOf(answer), 'NAME_INVALID', name);
    }
    assert.equal((await asOwner('GET', '/v2/a/%zz/tags/list')).status, 400);
  });

  it('of namespaces keep them apart', async () => {
    const headers = { 'berth-namespace': 'other' };
    await image('spaces/a', '1');
    assert.equal((await asOwner('GET', '/v2/spaces/a/manifests/1', { headers })).status, 404);
    // Strangers have the namespace that they were let into.
    assert.equal((await asStranger('GET', '/v2/spaces/a/manifests/1', { headers })).status, 200);
    const bad = await asOwner('GET', '/v2/spaces/a/manifests/1', { headers: { 'berth-namespace': '../x' } });
    assert.equal(bad.status, 400);
  });
});

describe('strangers', () => {
  it('get what the images of a repository need, and nothing else', async () => {
    const { digest, config, layer } = await image('stranger/a', '1');
    const other = await image('stranger/b', '1');
    const loose = await push('stranger/a', newBytes());
    for (const found of [`manifests/${digest}`, `blobs/${digestOf(config)}`, `blobs/${digestOf(layer)}`]) {
      assert.equal((await asStranger('GET', `/v2/stranger/a/${found}`)).status, 200, found);
    }
    for (const hidden of [`manifests/${other.digest}`, `blobs/${digestOf(other.layer)}`, `blobs/${loose}`]) {
      assert.equal((await asStranger('GET', `/v2/stranger/a/${hidden}`)).status, 404, hidden);
      assert.equal((await asOwner('GET', `/v2/stranger/a/${hidden}`)).status, 200, hidden);
      const headers = { 'berth-reach': 'repository' };
      assert.equal((await asOwner('GET', `/v2/stranger/a/${hidden}`, { headers })).status, 404, hidden);
    }
  });

  it('write nothing', async () => {
    const { bytes } = await image('stranger/c', '1');
    for (const [method, page] of [
      ['POST', 'blobs/uploads/'],
      ['PUT', 'manifests/2'],
      ['DELETE', 'manifests/1'],
      ['PATCH', 'blobs/uploads/x'],
      ['DELETE', `blobs/${digestOf(bytes)}`],
    ] as const) {
      const answer = await asStranger(method, `/v2/stranger/c/${page}`, { body: bytes });
      assert.ok([404, 405].includes(answer.status), `${method} ${page}: ${answer.status}`);
      const headers = { 'berth-reach': 'repository' };
      const forwarded = await asOwner(method, `/v2/stranger/c/${page}`, { body: bytes, headers });
      assert.ok([403, 405].includes(forwarded.status), `${method} ${page}: ${forwarded.status}`);
    }
    assert.equal((await asOwner('GET', '/v2/stranger/c/manifests/1')).status, 200);
  });
});
