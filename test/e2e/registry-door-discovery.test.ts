import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answered } from '../harness/ask.ts';
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
  push,
  put,
  stores,
  useDoors,
} from '../harness/registry-door.ts';

useDoors();

describe('content discovery', () => {
  it('lists tags, all or page by page', async () => {
    for (const tag of ['b', 'a', 'd', 'c']) await image('list/a', tag);
    const list = async (query: string): Promise<Answered> => await asStranger('GET', `/v2/list/a/tags/list${query}`);
    assert.deepEqual((await list('')).json(), { name: 'list/a', tags: ['a', 'b', 'c', 'd'] });
    const first = await list('?n=3');
    assert.deepEqual((first.json() as { tags: string[] }).tags, ['a', 'b', 'c']);
    assert.equal(first.headers.link, '</v2/list/a/tags/list?n=3&last=c>; rel="next"');
    const second = await list('?n=3&last=c');
    assert.deepEqual((second.json() as { tags: string[] }).tags, ['d']);
    assert.equal(second.headers.link, undefined);
    assert.deepEqual(((await list('?last=b')).json() as { tags: string[] }).tags, ['c', 'd']);
    assert.deepEqual(((await list('?n=0')).json() as { tags: string[] }).tags, []);
    for (const n of ['-1', 'x', '1e3']) assert.equal((await list(`?n=${n}`)).status, 400, n);
  });

  it('lists repositories, as each door calls them', async () => {
    await image('cat/a', '1');
    await image('quay.io/cat/b', '1');
    await image('localhost:5000/cat/c', '1');
    const mine = ((await asOwner('GET', '/v2/_catalog')).json() as { repositories: string[] }).repositories;
    for (const name of ['docker.io/cat/a', 'quay.io/cat/b', 'localhost:5000/cat/c'])
      assert.ok(mine.includes(name), name);
    const theirs = ((await asStranger('GET', '/v2/_catalog')).json() as { repositories: string[] }).repositories;
    for (const name of ['cat/a', 'quay.io/cat/b']) assert.ok(theirs.includes(name), name);
    assert.ok(!theirs.some((name) => name.includes('cat/c')));
    const seen: string[] = [];
    for (let page = '/v2/_catalog?n=2'; page !== '';) {
      const answer = await asOwner('GET', page);
      seen.push(...(answer.json() as { repositories: string[] }).repositories);
      page = /^<(.*)>/.exec(String(answer.headers.link ?? ''))?.[1] ?? '';
    }
    assert.deepEqual(seen, mine);
  });

  it('lists what refers to a manifest, here or not', async () => {
    const subject = await image('ref/a', '1');
    const signature = await artifact('ref/a', {
      artifactType: 'application/x.signature',
      subject: descriptor(subject.bytes, manifestType),
      annotations: { by: 'me' },
    });
    const bill = await artifact('ref/a', { subject: descriptor(subject.bytes, manifestType) });
    const answer = await put('ref/a', signature.digest, signature.bytes);
    assert.equal(answer.headers['oci-subject'], subject.digest);
    assert.equal((await put('ref/a', bill.digest, bill.bytes)).status, 201);
    await stores.collector.collect();
    type List = { manifests: { digest: string; artifactType: string; annotations?: object; size: number }[] };
    for (const asker of [asOwner, asStranger]) {
      const list = await asker('GET', `/v2/ref/a/referrers/${subject.digest}`);
      assert.equal(list.headers['content-type'], indexType);
      const { manifests } = list.json() as List;
      assert.deepEqual(manifests.map(({ digest }) => digest).toSorted(), [signature.digest, bill.digest].toSorted());
      const shown = manifests.find(({ digest }) => digest === signature.digest);
      assert.equal(shown?.artifactType, 'application/x.signature');
      assert.deepEqual(shown.annotations, { by: 'me' });
      assert.equal(shown.size, signature.bytes.length);
    }
    const page = `/v2/ref/a/referrers/${subject.digest}?artifactType=application/x.signature`;
    const filtered = await asOwner('GET', page);
    assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
    assert.equal((filtered.json() as List).manifests.length, 1);
    const none = await asOwner('GET', `/v2/ref/a/referrers/${digestOf(Buffer.from('nobody'))}`);
    assert.deepEqual((none.json() as List).manifests, []);
    assert.equal((await asOwner('GET', '/v2/ref/a/referrers/x')).status, 400);
    // With the subject they go.
    await asOwner('DELETE', `/v2/ref/a/manifests/${subject.digest}`);
    assert.equal((await asOwner('HEAD', `/v2/ref/a/manifests/${signature.digest}`)).status, 404);
  });

  it('takes referrers before their subject', async () => {
    const subject = await artifact('ref/b');
    const early = await artifact('ref/b', { subject: descriptor(subject.bytes, manifestType) });
    assert.equal((await put('ref/b', early.digest, early.bytes)).status, 201);
    const list = async (asker: typeof asOwner) =>
      ((await asker('GET', `/v2/ref/b/referrers/${subject.digest}`)).json() as { manifests: unknown[] }).manifests
        .length;
    assert.equal(await list(asOwner), 1);
    assert.equal((await put('ref/b', '1', subject.bytes)).status, 201);
    assert.equal(await list(asStranger), 1);
  });
});

describe('content management', () => {
  it('takes a tag away, or all names of a digest', async () => {
    const { bytes, digest } = await image('del/a', '1');
    await put('del/a', '2', bytes);
    await put('del/a', '3', bytes);
    assert.equal((await asOwner('DELETE', '/v2/del/a/manifests/1')).status, 202);
    assert.equal((await asOwner('GET', '/v2/del/a/manifests/1')).status, 404);
    assert.equal((await asOwner('GET', '/v2/del/a/manifests/2')).status, 200);
    assert.equal((await asOwner('DELETE', `/v2/del/a/manifests/${digest}`)).status, 202);
    assert.equal((await asOwner('GET', '/v2/del/a/tags/list')).status, 404);
    assert.equal((await asOwner('DELETE', '/v2/del/a/manifests/2')).status, 404);
  });

  it('leaves blobs to the collector', async () => {
    const digest = await push('del/b', newBytes());
    const answer = await asOwner('DELETE', `/v2/del/b/blobs/${digest}`);
    assert.equal(answer.status, 405);
    assert.equal(codeOf(answer), 'UNSUPPORTED');
  });
});
