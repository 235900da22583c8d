import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { copyImages } from '../../copy/copy.ts';
import { suiteImage, suiteSource } from '../suite-images.ts';
import { openDirSource } from './source.ts';
import { openDirTarget } from './target.ts';

const { signal } = new AbortController();

describe('a folder of dir:', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-dir-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('whose manifest is a bomb is not read', async () => {
    await assert.rejects(openDirSource(folder), { kind: 'not_found', code: 'no_such_image' });
    writeFileSync(join(folder, 'manifest.json'), '{}');
    truncateSync(join(folder, 'manifest.json'), 2 ** 40);
    await assert.rejects(openDirSource(folder), { kind: 'resource_exhausted', code: 'too_large' });
  });

  it('that two write at once has the image of the last', async () => {
    const place = join(folder, 'place');
    const images = [suiteImage({ layers: ['first'] }), suiteImage({ layers: ['second'] })];
    {
      await using first = await openDirTarget(place);
      await using second = await openDirTarget(place);
      const targets = [first, second];
      for (const [at, image] of images.entries())
        await copyImages(suiteSource(image), targets[at]!, { signal, platforms: 'all' });
    }
    await using source = await openDirSource(place);
    assert.equal((await source.images(signal))[0]?.target.digest, images[1]!.target.digest);
    assert.deepEqual(readdirSync(folder), ['place']);
  });
});
