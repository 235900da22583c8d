import assert from 'node:assert/strict';
import { afterEach, beforeEach, it } from 'node:test';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import { parseManifest } from '@berth/model/manifest';
import type { CopyOptions, CopyResult } from '../copy/contract.ts';
import { copyImages } from '../copy/copy.ts';
import type { ImageSource, ImageTarget } from './medium.ts';
import { MemoryMedium } from './memory-medium.ts';
import { type SuiteImage, suiteArtifact, suiteImage, suiteIndex, suiteSource } from './suite-images.ts';

/** One place of one medium, empty and the suite's own: where an image goes, and whence it comes back. */
export interface SuitePlace {
  target(): Promise<ImageTarget>;
  /** @throws not_found when no image is there; `images` may do so instead, or give none */
  source(): Promise<ImageSource>;
  close(): Promise<void>;
}

export interface MediumTraits {
  /** A target that is opened again on the same place finds the blobs that are there: not so archives. */
  readonly keepsBlobs: boolean;
  /** `has` is true for a blob that was just put. Graph-driver dockerd knows layers by their chain only. True when absent. */
  readonly findsBlobs?: boolean;
  /** Layers without their maker's permission can be absent. True when absent. */
  readonly foreignLayers?: boolean;
}

const everything = { signal: new AbortController().signal, platforms: 'all', retries: 0 } as const;

/** What every medium with both sides does; to be called inside a `describe`. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function mediumSuite(open: () => Promise<SuitePlace>, traits: MediumTraits): void {
  let place: SuitePlace;
  beforeEach(async () => {
    place = await open();
  });
  afterEach(() => place.close());

  async function put(source: ImageSource, options: Partial<CopyOptions> = {}): Promise<CopyResult> {
    await using target = await place.target();
    return await copyImages(source, target, { ...everything, ...options });
  }

  async function get(): Promise<MemoryMedium> {
    await using source = await place.source();
    const memory = new MemoryMedium([], undefined, { sparseIndex: true });
    await copyImages(source, memory, everything);
    return memory;
  }

  async function abilities(): Promise<ImageTarget['abilities']> {
    await using target = await place.target();
    return target.abilities;
  }

  /** The image comes back: byte for byte, or, where the medium makes manifests, with its config. */
  async function roundTrip(image: SuiteImage): Promise<void> {
    const { manifestBytes } = await abilities();
    const { images } = await put(suiteSource(image));
    const back = await get();
    assert.equal(back.published.length, 1);
    if (manifestBytes) {
      assert.equal(images[0]?.digest, image.target.digest);
      assert.equal(back.published[0]?.target.digest, image.target.digest);
      assert.deepEqual([...back.blobs.keys()].sort(), [...image.blobs.keys()].sort());
    } else {
      const manifest = parseManifest(back.blobs.get(back.published[0]!.target.digest)!);
      assert.equal(manifest.config.digest, parseManifest(image.blobs.get(image.target.digest)!).config.digest);
    }
  }

  async function isVisible(): Promise<boolean> {
    try {
      await using source = await place.source();
      return (await source.images(everything.signal)).length > 0;
    } catch (error) {
      if (isKind(error, 'not_found')) return false;
      throw error;
    }
  }

  it('gives an image back as it was, of OCI types and of Docker types', async () => {
    await roundTrip(suiteImage());
    await place.close();
    place = await open();
    await roundTrip(suiteImage({ family: 'docker' }));
  });

  it('keeps zstd and plain layers where it says so, and gets others otherwise', async () => {
    const { compressions, manifestBytes } = await abilities();
    for (const compression of ['zstd', 'none'] as const) {
      const image = suiteImage({ compression });
      if (compressions.includes(compression)) await roundTrip(image);
      else if (manifestBytes) assert.notEqual((await put(suiteSource(image))).images[0]?.digest, image.target.digest);
      else await put(suiteSource(image));
      await place.close();
      place = await open();
    }
  });

  it('keeps an index with all that it names, or takes the one platform', async () => {
    const index = suiteIndex();
    if ((await abilities()).index) return await roundTrip(index);
    await assert.rejects(put(suiteSource(index)), { kind: 'failed_precondition' });
    assert.equal(await isVisible(), false);
    await put(suiteSource(index), { platforms: 'host' });
    assert.equal((await get()).published.length, 1);
  });

  it('takes one platform of an index, and says so by the digest', async () => {
    const index = suiteIndex('docker');
    const { sparseIndex, manifestBytes } = await abilities();
    const { images } = await put(suiteSource(index), { platforms: 'host' });
    const expected = sparseIndex ? index.target : index.children[0]!;
    if (manifestBytes) assert.equal(images[0]?.digest, expected.digest);
    const back = await get();
    if (manifestBytes) assert.equal(back.published[0]?.target.digest, expected.digest);
    if (manifestBytes) assert.equal(back.blobs.has(index.children[1]!.digest), false);
  });

  it('keeps an artifact, or refuses it before anything is there', async () => {
    if ((await abilities()).artifacts) return await roundTrip(suiteArtifact());
    await assert.rejects(put(suiteSource(suiteArtifact())), { code: 'no_artifacts' });
    assert.equal(await isVisible(), false);
  });

  it('keeps the descriptor of a layer that may not be handed on', async () => {
    const image = suiteImage({ foreign: true });
    if (traits.foreignLayers !== false) return await roundTrip(image);
    await assert.rejects(put(suiteSource(image)), { kind: 'failed_precondition' });
    assert.equal(await isVisible(), false);
  });

  it('refuses wrong bytes, and shows nothing of them', async () => {
    const image = suiteImage();
    const { layers } = parseManifest(image.blobs.get(image.target.digest)!);
    const good = Buffer.from(image.blobs.get(layers[0]!.digest)!);
    const flipped = Buffer.from(good);
    flipped[flipped.length - 1]! ^= 1;
    for (const wrong of [flipped, good.subarray(0, good.length - 1), Buffer.concat([good, Buffer.alloc(1)])]) {
      const blobs = new Map<Digest, Uint8Array>([...image.blobs, [layers[0]!.digest, wrong]]);
      await assert.rejects(put(suiteSource({ ...image, blobs })), { kind: 'data_loss' });
      assert.equal(await isVisible(), false);
    }
    await put(suiteSource(image));
    assert.equal(await isVisible(), true);
  });

  it('shows nothing of a copy that is cancelled', async () => {
    const stop = new AbortController();
    const image = suiteImage();
    const [source, whole] = [suiteSource(image), suiteSource(image)];
    source.blob = (descriptor) => ({
      async *read(signal) {
        for await (const piece of whole.blob(descriptor).read(signal)) {
          yield piece.subarray(0, 10);
          stop.abort();
          yield piece.subarray(10);
        }
      },
    });
    await assert.rejects(put(source, { signal: stop.signal }), { kind: 'cancelled' });
    assert.equal(await isVisible(), false);
  });

  it('takes the same image again, and another in its place', async () => {
    const [first, second] = [suiteImage(), suiteImage({ layers: ['one', 'other'] })];
    await put(suiteSource(first));
    const again = await put(suiteSource(first));
    if (traits.keepsBlobs) assert.equal(again.sent, 0);
    const { sent, present } = await put(suiteSource(second));
    if (traits.keepsBlobs) assert.ok(present > sent, `${present} bytes were there, ${sent} were sent`);
    const back = await get();
    const { config } = parseManifest(second.blobs.get(second.target.digest)!);
    assert.deepEqual(back.published.length, 1);
    assert.ok(back.blobs.has(config.digest));
  });

  it('says what it has', async () => {
    if (traits.findsBlobs === false) return;
    const image = suiteImage();
    const { layers } = parseManifest(image.blobs.get(image.target.digest)!);
    const [layer] = layers;
    const hints = { signal: everything.signal };
    await using target = await place.target();
    assert.equal(await target.has(layer!, hints), false);
    await target.putBlob(layer!, suiteSource(image).blob(layer!), hints);
    assert.equal(await target.has(layer!, hints), true);
    assert.equal(await target.has(layers[1]!, hints), false);
  });
}
