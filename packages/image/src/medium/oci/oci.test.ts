import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestHex } from '@berth/model/digest';
import { parseIndex, parseManifest } from '@berth/model/manifest';
import { copyImages } from '../../copy/copy.ts';
import { MemoryMedium } from '../memory-medium.ts';
import { type SuiteImage, suiteImage, suiteSource } from '../suite-images.ts';
import { openOciSource } from './source.ts';
import { openOciTarget } from './target.ts';

const { signal } = new AbortController();
const everything = { signal, platforms: 'all', retries: 0 } as const;

describe('a layout folder', () => {
  let home: string;
  let path: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'berth-oci-'));
    path = join(home, 'a/b/layout');
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const blobs = (): string[] => readdirSync(join(path, 'blobs/sha256')).sort();
  const index = () => parseIndex(readFileSync(join(path, 'index.json')));
  const hexes = (...images: SuiteImage[]): string[] =>
    [...new Set(images.flatMap((image) => [...image.blobs.keys()].map((digest) => digestHex(digest))))].sort();

  async function put(image: SuiteImage, reference?: string, ...names: string[]): Promise<void> {
    await using target = await openOciTarget({ path, ...(reference === undefined ? {} : { reference }) }, signal);
    await copyImages(suiteSource(image, ...names), target, everything);
  }

  /** An image whose second layer is not what it should be. */
  function damaged(image: SuiteImage): SuiteImage {
    const last = parseManifest(image.blobs.get(image.target.digest)!).layers.at(-1)!;
    return { ...image, blobs: new Map([...image.blobs, [last.digest, Buffer.alloc(last.size)]]) };
  }

  it('is not there after a copy that failed, nor are the folders above it that were not', async () => {
    await assert.rejects(put(damaged(suiteImage())), { kind: 'data_loss' });
    assert.deepEqual(readdirSync(home), []);
    mkdirSync(path, { recursive: true });
    await assert.rejects(put(damaged(suiteImage())), { kind: 'data_loss' });
    assert.deepEqual(readdirSync(path), []);
  });

  it('has what it had after a copy that failed', async () => {
    const [good, bad] = [suiteImage(), suiteImage({ layers: ['one', 'other'] })];
    await put(good, 'a');
    await assert.rejects(put(damaged(bad), 'b'), { kind: 'data_loss' });
    assert.deepEqual(blobs(), hexes(good));
    assert.deepEqual(readdirSync(path).sort(), ['blobs', 'index.json', 'oci-layout']);
    assert.equal(index().manifests.length, 1);
  });

  it('loses no blob that another copy found there meanwhile', async () => {
    const [first, second] = [suiteImage(), suiteImage({ layers: ['one', 'other'] })];
    const shared = parseManifest(first.blobs.get(first.target.digest)!).layers[0]!;
    {
      await using failing = await openOciTarget({ path, reference: 'a' }, signal);
      await failing.putBlob(shared, suiteSource(first).blob(shared), { signal });
      await put(second, 'b');
    }
    assert.deepEqual(blobs(), hexes(second));
  });

  it('takes several writers at once, and names them all', async () => {
    const images = Array.from({ length: 6 }, (_, at) => suiteImage({ layers: ['one', `own ${at}`] }));
    await Promise.all(images.map((image, at) => put(image, `tag-${at}`)));
    assert.equal(index().manifests.length, 6);
    assert.deepEqual(blobs(), hexes(...images));
  });

  it('is read while others write into it', async () => {
    await put(suiteImage(), 'a');
    const read = async (): Promise<void> => {
      await using source = await openOciSource({ path, reference: 'a' }, { scratch: home });
      await copyImages(source, new MemoryMedium(), everything);
    };
    for (let at = 0; at < 10; at++) {
      const write = put(suiteImage({ layers: ['one', `own ${at}`] }), `a-longer-tag-${at}`);
      await Promise.all([write, ...Array.from({ length: 4 }, async (_, turn) => await sleep(turn * 3).then(read))]);
    }
  });

  it('does not write blobs again that are there', async () => {
    await put(suiteImage(), 'a');
    const inodes = () => blobs().map((name) => statSync(join(path, 'blobs/sha256', name)).mtimeMs);
    const layers = blobs().length;
    const before = inodes();
    await put(suiteImage(), 'b');
    assert.equal(blobs().length, layers);
    assert.ok(inodes().filter((time, at) => time === before[at]).length >= layers - 1);
  });

  it('keeps what others wrote into index.json', async () => {
    await put(suiteImage(), 'a');
    writeFileSync(
      join(path, 'index.json'),
      JSON.stringify({ ...index(), annotations: { theirs: 'x' }, 'x-more': [1] }),
    );
    await put(suiteImage({ layers: ['other'] }), 'b');
    assert.deepEqual(index().annotations, { theirs: 'x' });
    assert.deepEqual((index() as unknown as Record<string, unknown>)['x-more'], [1]);
    assert.equal(index().manifests.length, 2);
  });

  it('names an image as the source did when the place gives no tag, and finds it by either', async () => {
    await put(suiteImage(), undefined, 'docker.io/library/app:1', 'example.com/app:2');
    await put(suiteImage(), 'bare');
    for (const reference of ['docker.io/library/app:1', 'app:1', 'example.com/app:2', 'bare', '@0']) {
      await using source = await openOciSource({ path, reference }, { scratch: home });
      assert.equal((await source.images(signal)).length, 1);
    }
    await assert.rejects(openOciSource({ path, reference: 'none' }, { scratch: home }), { code: 'no_such_image' });
    const memory = new MemoryMedium();
    await using all = await openOciSource({ path }, { scratch: home });
    await copyImages(all, memory, everything);
    assert.deepEqual(memory.published[0]?.names, ['docker.io/library/app:1', 'example.com/app:2']);
  });

  it('gives the good image when another is broken', async () => {
    const broken = suiteImage({ layers: ['broken'] });
    await put(broken, 'broken');
    await put(suiteImage(), 'good');
    rmSync(join(path, 'blobs/sha256', digestHex(broken.target.digest)));
    await using good = await openOciSource({ path, reference: 'good' }, { scratch: home });
    await copyImages(good, new MemoryMedium(), everything);
    await using bad = await openOciSource({ path, reference: 'broken' }, { scratch: home });
    await assert.rejects(copyImages(bad, new MemoryMedium(), everything), { kind: 'not_found' });
  });

  it('is not believed about the size of an image, nor read when its index is a bomb', async () => {
    await put(suiteImage(), 'a');
    const [entry] = index().manifests;
    writeFileSync(join(path, 'index.json'), JSON.stringify({ ...index(), manifests: [{ ...entry, size: 1 }] }));
    await using source = await openOciSource({ path, reference: 'a' }, { scratch: home });
    await assert.rejects(copyImages(source, new MemoryMedium(), everything), { code: 'size_mismatch' });
    truncateSync(join(path, 'index.json'), 2 ** 40);
    await assert.rejects(openOciSource({ path }, { scratch: home }), { kind: 'resource_exhausted' });
    await assert.rejects(put(suiteImage({ layers: ['other'] }), 'b'), { kind: 'resource_exhausted' });
  });

  it('is cleared of what a killed writer left, and of nothing else', async () => {
    await put(suiteImage(), 'a');
    for (const name of ['.blob.tmp-00ff', '.index.json.tmp-00ff', '.theirs']) writeFileSync(join(path, name), 'x');
    await put(suiteImage(), 'b');
    assert.deepEqual(readdirSync(path).sort(), ['.theirs', 'blobs', 'index.json', 'oci-layout']);
  });

  it('is not made of a folder with other things, or of a file', async () => {
    writeFileSync(join(home, 'file'), 'x');
    for (const other of [home, join(home, 'file')]) {
      await assert.rejects(openOciTarget({ path: other }, signal), { code: 'not_a_layout' });
    }
    assert.deepEqual(readdirSync(home), ['file']);
  });
});
