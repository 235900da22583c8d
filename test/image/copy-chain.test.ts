import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Digest } from '@berth/model/digest';
import { parseImageConfig } from '@berth/model/image-config';
import { parseManifest } from '@berth/model/manifest';
import { copyImages } from '@berth/image/copy/copy';
import { parseLocation } from '@berth/image/medium/location';
import { MemoryMedium } from '@berth/image/medium/memory-medium';
import type { ImageSource } from '@berth/image/medium/medium';
import { openSource, openTarget } from '@berth/image/medium/open';
import { type SuiteImage, suiteArtifact, suiteImage, suiteIndex, suiteSource } from '@berth/image/medium/suite-images';

const everything = { signal: new AbortController().signal, platforms: 'all' } as const;

const anyImage: fc.Arbitrary<SuiteImage> = fc.oneof(
  fc
    .record({
      family: fc.constantFrom('oci' as const, 'docker' as const),
      compression: fc.constantFrom('none' as const, 'gzip' as const, 'zstd' as const),
      layers: fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }),
    })
    .map((options) => suiteImage(options)),
  fc.constantFrom('oci' as const, 'docker' as const).map((family) => suiteIndex(family)),
  fc.constant(0).map(() => suiteArtifact()),
);

const exact = ['oci:@:docker.io/library/app:1', 'oci:@', 'oci-archive:@:1', 'oci-archive:@', 'dir:@'];
const places = fc.array(fc.constantFrom(...exact), { minLength: 1, maxLength: 4 });

/** Copies from place to place. @returns all that is at the last one */
async function travel(image: SuiteImage, chain: readonly string[]): Promise<MemoryMedium> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-chain-'));
  const access = { signal: everything.signal, scratch: folder };
  try {
    let source: ImageSource = suiteSource(image, 'docker.io/library/app:1');
    for (const [at, place] of chain.entries()) {
      const location = parseLocation(place.replace('@', `${folder}/${at}`));
      {
        await using target = await openTarget(location, access);
        await copyImages(source, target, everything);
      }
      await source[Symbol.asyncDispose]();
      source = await openSource(location, access);
    }
    await using last = source;
    const memory = new MemoryMedium();
    await copyImages(last, memory, everything);
    assert.equal(readdirSync(folder).length, chain.length);
    return memory;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('images on their way through media made of files', () => {
  it('keep every byte', async () => {
    await fc.assert(
      fc.asyncProperty(anyImage, places, async (image, chain) => {
        const { published, blobs } = await travel(image, chain);
        assert.equal(published[0]?.target.digest, image.target.digest);
        assert.deepEqual([...blobs.keys()].sort(), [...image.blobs.keys()].sort());
      }),
      { numRuns: 30 },
    );
  });

  it('keep config and layers through a docker archive', async () => {
    const images = anyImage.filter(({ target, blobs }) => isImage(blobs.get(target.digest)!));
    await fc.assert(
      fc.asyncProperty(images, places, places, async (image, before, after) => {
        const { published, blobs } = await travel(image, [...before, 'docker-archive:@:app:1', ...after]);
        const config = parseManifest(blobs.get(published[0]!.target.digest)!).config.digest;
        assert.equal(config, parseManifest(image.blobs.get(image.target.digest)!).config.digest);
        const { rootfs } = parseImageConfig(blobs.get(config)!);
        assert.equal(parseManifest(blobs.get(published[0]!.target.digest)!).layers.length, rootfs.diff_ids.length);
        // Layers that were plain tars still are: their digests are the diff ids.
        const kept = [...image.blobs.keys()].filter((digest: Digest) => rootfs.diff_ids.includes(digest));
        assert.deepEqual(
          kept.filter((digest) => !blobs.has(digest)),
          [],
        );
      }),
      { numRuns: 20 },
    );
  });
});

function isImage(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString();
  return !text.includes('"manifests"') && !text.includes('"artifactType"');
}
