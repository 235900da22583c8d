import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mediaTypes } from '@berth/model/media-type';
import { digestOf, FakeRegistry, never, someManifest } from '../fixture.ts';

describe('a manifest', () => {
  it('is resolved by HEAD alone when the headers say all', async () => {
    const { descriptor } = someManifest('a');
    await using registry = await FakeRegistry.start((_request, response) => {
      const type = { 'content-type': `${descriptor.mediaType}; charset=utf-8`, 'content-length': descriptor.size };
      response.writeHead(200, { ...type, 'docker-content-digest': descriptor.digest }).end();
    });
    assert.deepEqual(await registry.repository().resolve({ tag: '1' }, never), { descriptor });
    assert.deepEqual(
      registry.seen.map(({ method, path }) => [method, path]),
      [['HEAD', '/v2/app/manifests/1']],
    );
  });

  it('is resolved by GET otherwise, and by what is in it', async () => {
    const { bytes, descriptor } = someManifest('a', { mediaType: undefined });
    await using registry = await FakeRegistry.start((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/plain' }).end(bytes);
    });
    const found = await registry.repository().resolve({ tag: '1' }, never);
    assert.deepEqual(found.descriptor, descriptor);
    assert.ok(bytes.equals(found.bytes!));
  });

  it('is refused with other bytes, by digest and by tag', async () => {
    const { bytes, descriptor } = someManifest('a');
    const other = someManifest('b');
    await using registry = await FakeRegistry.start((request, response) => {
      response.setHeader('docker-content-digest', descriptor.digest);
      response.end(request.method === 'HEAD' ? undefined : other.bytes);
    });
    assert.equal(bytes.length, other.bytes.length);
    const repository = registry.repository();
    const damaged = { kind: 'data_loss', code: 'digest_mismatch' };
    await assert.rejects(repository.manifest(descriptor, never), damaged);
    await assert.rejects(repository.resolve({ tag: '1' }, never), damaged);
    await assert.rejects(repository.resolve({ digest: descriptor.digest }, never), damaged);
    const longer = { ...descriptor, size: descriptor.size + 1 };
    await assert.rejects(repository.manifest(longer, never), { kind: 'data_loss', code: 'size_mismatch' });
  });

  it('may have 4 MiB and no more, also when nothing says so before', async () => {
    const bytes = Buffer.alloc(5 << 20, 32);
    await using registry = await FakeRegistry.start((_request, response) => {
      response.write(bytes);
      response.end();
    });
    const big = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
    const tooBig = { kind: 'resource_exhausted', code: 'too_big' };
    await assert.rejects(registry.repository().manifest(big, never), tooBig);
    assert.equal(registry.seen.length, 0);
    await assert.rejects(registry.repository().manifest({ ...big, size: 5 }, never), tooBig);
    await assert.rejects(registry.repository().resolve({ tag: '1' }, never), tooBig);
  });

  it('is refused when it is none', async () => {
    const bodies = [
      '[]',
      '{}',
      '{"schemaVersion":1}',
      '['.repeat(100_000),
      `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`,
    ];
    await using registry = await FakeRegistry.start((request, response) => {
      response.end(request.method === 'HEAD' ? undefined : bodies.shift());
    });
    while (bodies.length > 0)
      await assert.rejects(registry.repository().resolve({ tag: '1' }, never), { kind: 'invalid_argument' });
  });
});

it('a list of referrers that does not end is refused', async () => {
  const { descriptor } = someManifest('a');
  let page = 0;
  await using registry = await FakeRegistry.start((_request, response) => {
    const manifests = [{ ...descriptor, annotations: { filler: 'x'.repeat(2 << 20) } }];
    response.setHeader('link', `</v2/app/referrers/next?page=${page++}>; rel="next"`);
    response.end(JSON.stringify({ schemaVersion: 2, manifests }));
  });
  const listed = registry.repository().referrers(descriptor.digest, never);
  await assert.rejects(listed, { kind: 'resource_exhausted', code: 'too_big' });
  assert.ok(page < 20);
});
