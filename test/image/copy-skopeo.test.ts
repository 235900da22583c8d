import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import type { CopyOptions, CopyResult } from '@berth/image/copy/contract';
import { parseLocation } from '@berth/image/medium/location';
import { MemoryMedium } from '@berth/image/medium/memory-medium';
import { openSource, openTarget } from '@berth/image/medium/open';
import { type SuiteImage, suiteImage, suiteIndex, suiteSource } from '@berth/image/medium/suite-images';

const missing = existsSync('/usr/bin/skopeo') ? false : 'skopeo is not installed';
const signal = AbortSignal.timeout(240_000);
const everything = { signal, platforms: 'all', retries: 0 } as const;

describe('copy and skopeo', { skip: missing }, () => {
  let folder: string;
  let access: { readonly signal: AbortSignal; readonly scratch: string };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-skopeo-'));
    access = { signal, scratch: folder };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const at = (place: string): string => place.replace('@', `${folder}/`);
  const skopeo = (...args: string[]): string =>
    execFileSync('skopeo', ['--insecure-policy', ...args.map(at)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  /** The digest of the top document that skopeo sees. */
  function digestOf(place: string): string {
    skopeo('copy', '--all', place, 'dir:@seen');
    const digest = skopeo('manifest-digest', '@seen/manifest.json').trim();
    rmSync(at('@seen'), { recursive: true });
    return digest;
  }

  async function put(image: SuiteImage, place: string, options: Partial<CopyOptions> = {}): Promise<CopyResult> {
    await using target = await openTarget(parseLocation(at(place)), access);
    return await copyImages(suiteSource(image), target, { ...everything, ...options });
  }

  async function get(place: string, options: Partial<CopyOptions> = {}): Promise<MemoryMedium> {
    await using source = await openSource(parseLocation(at(place)), access);
    const memory = new MemoryMedium();
    await copyImages(source, memory, { ...everything, ...options });
    return memory;
  }

  for (const place of ['oci:@layout:1.0', 'oci-archive:@file.tar:1.0', 'dir:@folder']) {
    it(`reads what we write into ${place.replace('@', '')}, with the same digest`, async () => {
      for (const image of [suiteImage(), suiteImage({ compression: 'zstd' }), suiteIndex()]) {
        await put(image, place);
        assert.equal(digestOf(place), image.target.digest);
      }
    });

    it(`writes ${place.replace('@', '')} so that we read it, with the same digest`, async () => {
      for (const image of [suiteImage(), suiteIndex()]) {
        await put(image, 'oci:@start:x');
        skopeo('copy', '--all', 'oci:@start:x', place);
        const back = await get(place);
        assert.equal(back.published[0]?.target.digest, image.target.digest);
        assert.deepEqual([...back.blobs.keys()].sort(), [...image.blobs.keys()].sort());
      }
    });
  }

  it('reads Docker types from dir:, and writes them so', async () => {
    const image = suiteIndex('docker');
    await put(image, 'dir:@folder');
    assert.equal(digestOf('dir:@folder'), image.target.digest);
    skopeo('copy', '--all', 'dir:@folder', 'dir:@second');
    assert.equal((await get('dir:@second')).published[0]?.target.digest, image.target.digest);
  });

  it('reads docker-archive: with its names, whatever the layers were', async () => {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const image = suiteImage({ compression });
      await put(image, 'docker-archive:@file.tar:example.com/app:1', { additionalNames: ['docker.io/library/app:2'] });
      const seen = JSON.parse(skopeo('inspect', '--config', 'docker-archive:@file.tar:example.com/app:1'));
      assert.equal(seen.rootfs.diff_ids.length, 2);
      const tags = JSON.parse(skopeo('list-tags', 'docker-archive:@file.tar'));
      assert.deepEqual(tags.Tags, ['example.com/app:1', 'docker.io/library/app:2']);
      skopeo('copy', 'docker-archive:@file.tar:app:2', 'dir:@seen');
      rmSync(at('@seen'), { recursive: true });
    }
  });

  it('writes docker-archive: so that we read it by name and by number', async () => {
    const image = suiteImage();
    await put(image, 'oci:@start:x');
    skopeo('copy', 'oci:@start:x', 'docker-archive:@file.tar:example.com/app:1');
    for (const place of [
      'docker-archive:@file.tar',
      'docker-archive:@file.tar:example.com/app:1',
      'docker-archive:@file.tar:@0',
    ])
      assert.deepEqual((await get(place)).published[0]?.names, ['example.com/app:1']);
    await assert.rejects(get('docker-archive:@file.tar:other:1'), { kind: 'not_found', code: 'no_such_image' });
  });

  it('sees several tags in one layout, and the newer image of a tag', async () => {
    const [first, second] = [suiteImage(), suiteImage({ layers: ['one', 'other'] })];
    await put(first, 'oci:@layout:a');
    const { sent, present } = await put(second, 'oci:@layout:b');
    assert.ok(present > sent);
    assert.equal(digestOf('oci:@layout:a'), first.target.digest);
    assert.equal(digestOf('oci:@layout:b'), second.target.digest);
    await put(second, 'oci:@layout:a');
    assert.equal(digestOf('oci:@layout:a'), second.target.digest);
  });

  it('reads what was compressed anew', async () => {
    const image = suiteImage({ family: 'docker', compression: 'none' });
    for (const [compress, place] of [
      ['gzip', 'dir:@folder'],
      ['zstd', 'oci:@layout:x'],
    ] as const) {
      const { images } = await put(image, place, { compress });
      assert.equal(digestOf(place), images[0]?.digest);
    }
  });

  it('reads Docker types from a layout when they became OCI types', async () => {
    const { images } = await put(suiteIndex('docker'), 'oci:@layout:x', { format: 'oci' });
    assert.equal(digestOf('oci:@layout:x'), images[0]?.digest);
  });
});
