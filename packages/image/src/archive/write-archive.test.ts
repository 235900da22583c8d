import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sha256 } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { fixtureImage } from './fixture.ts';
import { openArchive } from './open.ts';
import { type OutgoingImage, writeArchive } from './write-archive.ts';

const image = fixtureImage([[{ name: 'a', content: 'a' }], [{ name: 'b', content: 'b'.repeat(5000) }]]);
const blobs = [...image.blobs].map(([digest, { length: size }]): Descriptor => ({ mediaType: 'x', digest, size }));
const layers = blobs.map(({ digest }) => digest).slice(1, 3);

async function bytesOf(images: readonly OutgoingImage[], read = readWhole): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeArchive(images, read)));
}

async function* readWhole({ digest }: Descriptor): AsyncIterable<Uint8Array> {
  yield image.blobs.get(digest)!;
}

describe('writeArchive', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-write-archive-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const named = (...names: string[]): OutgoingImage => ({
    target: image.target,
    names,
    blobs,
    docker: { config: image.config.digest, layers },
  });

  it('writes what openArchive reads: the same target, blobs and names', async () => {
    const path = join(folder, 'a.tar');
    writeFileSync(path, await bytesOf([named('docker.io/library/a:1', 'example.com/b:2'), named()]));
    await using archive = await openArchive(path, { scratch: folder });
    assert.deepEqual(archive.images(), [{ target: image.target, names: ['docker.io/library/a:1', 'example.com/b:2'] }]);
    assert.equal(archive.blobs().length, 4);
  });

  it('gives the same bytes for the same images, in whatever order their blobs are told', async () => {
    const turned = { ...named('docker.io/library/a:1'), blobs: [...blobs, ...blobs].toReversed() };
    assert.equal(sha256(await bytesOf([turned])), sha256(await bytesOf([named('docker.io/library/a:1')])));
  });

  it('leaves an image out of manifest.json when a layer is not there', async () => {
    const bytes = await bytesOf([{ ...named(), docker: { config: image.config.digest, layers: [sha256('foreign')] } }]);
    assert.ok(bytes.includes('[]'));
  });

  it('fails when a blob is longer or shorter than its descriptor says', async () => {
    for (const piece of [Buffer.alloc(1), Buffer.alloc(100_000)]) {
      await assert.rejects(
        bytesOf([named()], async function* () {
          yield piece;
        }),
        { kind: 'data_loss', code: 'size_mismatch' },
      );
    }
  });
});
