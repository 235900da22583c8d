import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import { parseIndex, parseManifest } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { hostPlatform } from '@berth/model/platform';
import { chainIds } from '../layer/chain-id.ts';
import type { BlobHints, ImageSource, ImageTarget } from '../medium/medium.ts';
import { MemoryMedium, store } from '../medium/memory-medium.ts';
import {
  otherPlatform,
  type SuiteImage,
  suiteArtifact,
  suiteImage,
  suiteIndex,
  suiteSource,
} from '../medium/suite-images.ts';
import type { CopyOptions, CopyResult, CopyStep } from './contract.ts';
import { copyImages } from './copy.ts';

const { signal } = new AbortController();

async function copy(
  source: ImageSource,
  target: ImageTarget,
  options: Partial<CopyOptions> = {},
): Promise<CopyResult['images'][number] & CopyResult> {
  const result = await copyImages(source, target, { signal, platforms: 'all', retries: 0, ...options });
  return { ...result, ...result.images[0]! };
}

const layersOf = ({ blobs }: Pick<SuiteImage, 'blobs'>, digest: Digest) => parseManifest(blobs.get(digest)!).layers;

describe('copy of an index', () => {
  const index = suiteIndex();
  const [host, other, attestation] = index.children.map(({ digest }) => digest) as [Digest, Digest, Digest];

  it('keeps the index where it may be sparse, and moves the chosen platform only', async () => {
    const target = new MemoryMedium([], undefined, { sparseIndex: true });
    const { digest } = await copy(suiteSource(index), target, { platforms: 'host' });
    assert.equal(digest, index.target.digest);
    assert.deepEqual(
      [host, other, attestation].map((one) => target.blobs.has(one)),
      [true, false, false],
    );
    assert.deepEqual(
      target.published[0]?.manifests.map((one) => one.digest),
      [host, parseManifest(index.blobs.get(host)!).config.digest],
    );
  });

  it('takes the manifest alone elsewhere, without what the index says of it', async () => {
    const target = new MemoryMedium();
    await copy(suiteSource(index), target, { platforms: [otherPlatform] });
    const { mediaType, digest, size } = index.children[1]!;
    assert.deepEqual(target.published[0]?.target, { mediaType, digest, size });
  });

  it('makes a new index of several platforms, unless digests are to be preserved', async () => {
    const platforms = [otherPlatform, hostPlatform()];
    const target = new MemoryMedium();
    const { digest } = await copy(suiteSource(index), target, { platforms });
    assert.deepEqual(parseIndex(target.blobs.get(digest)!).manifests, index.children.slice(0, 2));
    await assert.rejects(copy(suiteSource(index), new MemoryMedium(), { platforms, preserveDigests: true }), {
      code: 'digest_would_change',
      hint: /--all/,
    });
  });

  it('moves all of it with its attestations, which are never chosen as a platform', async () => {
    const target = new MemoryMedium();
    const { digest } = await copy(suiteSource(index), target);
    assert.equal(digest, index.target.digest);
    assert.deepEqual([...target.blobs.keys()].sort(), [...index.blobs.keys()].sort());
    await assert.rejects(
      copy(suiteSource(index), new MemoryMedium(), { platforms: [{ os: 'unknown', architecture: 'unknown' }] }),
      { kind: 'not_found', code: 'no_such_platform' },
    );
  });

  it('fails when all is asked for and some is not there, but for a target that may lack it too', async () => {
    const blobs = new Map([...index.blobs].filter(([digest]) => digest !== other));
    await assert.rejects(copy(suiteSource({ ...index, blobs }), new MemoryMedium()), { code: 'missing_platform' });
    const target = new MemoryMedium([], undefined, { sparseIndex: true });
    assert.equal((await copy(suiteSource({ ...index, blobs }), target)).digest, index.target.digest);
  });

  it('is done at once with indexes that all name the same indexes', async () => {
    const { target, blobs } = suiteImage();
    let below = [target];
    for (let level = 0; level < 7; level++) {
      const manifests = below;
      below = Array.from({ length: 20 }, (_, at) => {
        const one = {
          schemaVersion: 2,
          mediaType: mediaTypes.ociIndex,
          manifests,
          annotations: { at: `${level}-${at}` },
        };
        return store(blobs, mediaTypes.ociIndex, JSON.stringify(one));
      });
    }
    const whole = store(blobs, mediaTypes.ociIndex, JSON.stringify({ schemaVersion: 2, manifests: below }));
    const memory = new MemoryMedium();
    assert.equal((await copy(suiteSource({ target: whole, blobs }), memory)).digest, whole.digest);
    assert.equal(memory.blobs.size, blobs.size);
    const deeper = store(blobs, mediaTypes.ociIndex, JSON.stringify({ schemaVersion: 2, manifests: [whole] }));
    await assert.rejects(copy(suiteSource({ target: deeper, blobs }), memory), { kind: 'invalid_argument' });
  });

  it('refuses a platform that a single manifest is not for', async () => {
    await assert.rejects(copy(suiteSource(suiteImage()), new MemoryMedium(), { platforms: [otherPlatform] }), {
      code: 'no_such_platform',
    });
  });

  it('takes one platform where a target takes no index, and says when several were chosen', async () => {
    const plain = { index: false, manifestBytes: false, artifacts: false };
    const target = new MemoryMedium([], undefined, plain);
    await copy(suiteSource(index), target, { platforms: 'host' });
    assert.equal(target.published[0]?.target.digest, host);
    await assert.rejects(copy(suiteSource(index), new MemoryMedium([], undefined, plain)), { code: 'one_platform' });
    await assert.rejects(
      copy(suiteSource(index), new MemoryMedium([], undefined, plain), { platforms: 'host', preserveDigests: true }),
      { code: 'digest_would_change' },
    );
    await assert.rejects(copy(suiteSource(suiteArtifact()), new MemoryMedium([], undefined, plain)), {
      code: 'no_artifacts',
    });
  });
});

describe('copy of blobs', () => {
  it('sends what is missing, each once, and counts the bytes', async () => {
    const [first, second] = [suiteImage(), suiteImage({ layers: ['one', 'other'] })];
    const [shared, own] = layersOf(second, second.target.digest);
    const source = new MemoryMedium(
      [first, second].map(({ target }, at) => ({ names: [`docker.io/library/a:${at}`], target })),
      new Map([...first.blobs, ...second.blobs]),
    );
    const target = new MemoryMedium();
    const { sent, present } = await copy(source, target);
    assert.deepEqual(new Set(target.puts).size, target.puts.length);
    const sizes = new Map(
      [...layersOf(first, first.target.digest), shared!, own!].map((one) => [one.digest, one.size]),
    );
    assert.deepEqual({ sent, present }, { sent: [...sizes.values()].reduce((a, b) => a + b), present: 0 });
    const again = await copy(suiteSource(second), target);
    assert.deepEqual([again.sent, again.present], [0, shared!.size + own!.size]);
    assert.deepEqual(
      target.published.map(({ names }) => names),
      [['docker.io/library/a:0'], ['docker.io/library/a:1'], []],
    );
  });

  it('tells a target what is known of a layer', async () => {
    const image = suiteImage();
    const seen: BlobHints[] = [];
    const target: ImageTarget = Object.assign(new MemoryMedium(), {
      has: async (_: unknown, hints: BlobHints) => {
        seen.push(hints);
        return false;
      },
    });
    await copy(Object.assign(suiteSource(image), { origin: { domain: 'example.com', path: 'app' } }), target);
    const { config } = parseManifest(image.blobs.get(image.target.digest)!);
    const diffIds = parseImageConfig(image.blobs.get(config.digest)!).rootfs.diff_ids;
    const layers = seen.filter(({ diffId }) => diffId !== undefined);
    assert.deepEqual(
      layers.map(({ diffId }) => diffId),
      diffIds,
    );
    assert.deepEqual(
      layers.map(({ chainId }) => chainId),
      chainIds(diffIds),
    );
    assert.ok(seen.every(({ origin }) => origin?.path === 'app'));
  });

  it('names a layer in the form that the target has, where the source makes the manifest anyway', async () => {
    const image = suiteImage({ compression: 'none' });
    const [layer, second] = layersOf(image, image.target.digest);
    const there = { mediaType: mediaTypes.ociLayerGzip, digest: second!.digest, size: second!.size };
    const target: MemoryMedium & ImageTarget = Object.assign(new MemoryMedium(), {
      substitute: async ({ digest }: { digest: Digest }) => (digest === layer!.digest ? there : undefined),
    });
    const { digest, present } = await copy(Object.assign(suiteSource(image), { makesManifests: true }), target);
    assert.deepEqual(layersOf(target, digest)[0], there);
    assert.equal(present, second!.size);
    const kept = await copy(suiteSource(image), new MemoryMedium());
    assert.equal(kept.digest, image.target.digest);
  });

  it('is not inflated for a target that knows it by what is inside', async () => {
    const image = suiteImage({ compression: 'zstd' });
    const target = new MemoryMedium([], image.blobs, { manifestBytes: false, compressions: ['none'] });
    const { sent, digest } = await copy(suiteSource(image), target);
    assert.deepEqual([sent, digest], [0, image.target.digest]);
  });

  it('moves three at once, and no more', async () => {
    const target = new MemoryMedium();
    let [running, most] = [0, 0];
    const put = target.putBlob;
    target.putBlob = async (...args) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await put(...args);
      running--;
    };
    await copy(suiteSource(suiteImage({ layers: ['a', 'b', 'c', 'd', 'e', 'f'] })), target);
    assert.equal(most, 3);
  });

  it('has ended all of its work when it fails', async () => {
    const image = suiteImage({ layers: ['a', 'b'] });
    const [slow] = layersOf(image, image.target.digest);
    const target = new MemoryMedium();
    let running = 0;
    target.putBlob = async ({ digest }, _, hints) => {
      if (digest !== slow!.digest) throw new BerthError('data_loss', 'wrong');
      running++;
      await new Promise((resolve) => hints.signal.addEventListener('abort', resolve));
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      hints.signal.throwIfAborted();
    };
    await assert.rejects(copy(suiteSource(image), target), { kind: 'data_loss' });
    assert.equal(running, 0);
    assert.equal(target.published.length, 0);
  });

  it('tells each step', async () => {
    const steps: CopyStep[] = [];
    const image = suiteImage({ layers: ['a'] });
    const [layer] = layersOf(image, image.target.digest);
    await copy(suiteSource(image, 'docker.io/library/a:1'), new MemoryMedium(), {
      onProgress: (step) => steps.push(step),
    });
    const id = layer!.digest.slice(7, 19);
    const total = layer!.size;
    assert.deepEqual(steps[0], { id, status: 'waiting', current: 0, total });
    assert.deepEqual(steps[1], { id, status: 'copying', current: 0, total });
    assert.deepEqual(steps.at(-2), { id, status: 'copied', current: total, total });
    assert.deepEqual(steps.at(-1), { id: 'docker.io/library/a:1', status: 'done' });
  });

  it('takes several images only where names are kept', async () => {
    const { target, blobs } = suiteImage();
    const source = new MemoryMedium(
      [1, 2].map((n) => ({ names: [`docker.io/library/a:${n}`], target })),
      blobs,
    );
    const nameless: ImageTarget = Object.assign(new MemoryMedium(), { keepsNames: false });
    await assert.rejects(copy(source, nameless), { kind: 'invalid_argument', code: 'several_images' });
    await assert.rejects(copy(new MemoryMedium(), new MemoryMedium()), { kind: 'not_found', code: 'no_images' });
  });
});

describe('copy that compresses anew', () => {
  it('changes layers, and of the documents only what follows', async () => {
    const image = suiteImage({ family: 'docker', compression: 'none' });
    for (const [compress, type] of [
      ['gzip', mediaTypes.dockerLayerGzip],
      ['zstd', mediaTypes.ociLayerZstd],
    ] as const) {
      const target = new MemoryMedium();
      const { digest } = await copy(suiteSource(image), target, { compress });
      const manifest = parseManifest(target.blobs.get(digest)!);
      const before = parseManifest(image.blobs.get(image.target.digest)!);
      assert.deepEqual(
        manifest.layers.map(({ mediaType }) => mediaType),
        [type, type],
      );
      assert.equal(manifest.config.digest, before.config.digest);
      const oci = compress === 'zstd';
      assert.equal(manifest.mediaType, oci ? mediaTypes.ociManifest : mediaTypes.dockerManifest);
      assert.equal(manifest.config.mediaType, oci ? mediaTypes.ociConfig : mediaTypes.dockerConfig);
      const back = await copy(
        suiteSource({ target: target.published[0]!.target, blobs: target.blobs }),
        new MemoryMedium([], undefined, { compressions: ['none'] }),
      );
      assert.equal(back.present, 0);
    }
  });

  it('leaves layers alone that are so already', async () => {
    const image = suiteImage({ compression: 'zstd' });
    assert.equal(
      (await copy(suiteSource(image), new MemoryMedium(), { compress: 'zstd' })).digest,
      image.target.digest,
    );
  });

  it('gives a target what it takes, and back again the same layers', async () => {
    const image = suiteImage({ compression: 'none' });
    const zstd = new MemoryMedium([], undefined, { compressions: ['zstd'] });
    const packed = await copy(suiteSource(image), zstd);
    const plain = new MemoryMedium([], undefined, { compressions: ['none'] });
    const { digest } = await copy(suiteSource({ target: zstd.published[0]!.target, blobs: zstd.blobs }), plain);
    assert.notEqual(packed.digest, image.target.digest);
    const digests = (one: Pick<SuiteImage, 'blobs'>, of: Digest) => layersOf(one, of).map((layer) => layer.digest);
    assert.deepEqual(digests(plain, digest), digests(image, image.target.digest));
    await assert.rejects(copy(suiteSource(image), zstd, { preserveDigests: true }), { code: 'digest_would_change' });
  });

  it('takes an index along, and what its attestations speak of', async () => {
    const index = suiteIndex();
    const target = new MemoryMedium();
    const { digest } = await copy(suiteSource(index), target, { compress: 'zstd' });
    const { manifests } = parseIndex(target.blobs.get(digest)!);
    assert.notEqual(manifests[0]?.digest, index.children[0]?.digest);
    assert.equal(manifests[2]?.annotations?.['vnd.docker.reference.digest'], manifests[0]?.digest);
    assert.equal(manifests[2]?.digest, index.children[2]?.digest);
  });

  it('refuses a layer that is not what its config says', async () => {
    const image = suiteImage({ layers: ['a'] });
    const other = suiteImage({ layers: ['b'] });
    const [wrong] = layersOf(other, other.target.digest);
    const manifest = { ...parseManifest(image.blobs.get(image.target.digest)!), layers: [wrong!] };
    const blobs = new Map([...image.blobs, ...other.blobs]);
    const memory = new MemoryMedium();
    const bytes = Buffer.from(JSON.stringify(manifest));
    const target = store(blobs, mediaTypes.ociManifest, bytes);
    await assert.rejects(copy(suiteSource({ target, blobs }), memory, { compress: 'zstd' }), {
      code: 'digest_mismatch',
    });
    assert.equal(memory.published.length, 0);
  });
});
