import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { parseLocation } from '@berth/image/medium/location';
import { openTarget } from '@berth/image/medium/open';
import { suiteImage, suiteSource } from '@berth/image/medium/suite-images';
import { needsRoot } from './workplace.ts';

const signal = AbortSignal.timeout(120_000);

describe('copies to a disk that fails', { skip: needsRoot }, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder]);
  });
  afterEach(() => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });

  async function put(place: string): Promise<void> {
    await using target = await openTarget(parseLocation(place.replace('@', `${folder}/place`)), {
      signal,
      scratch: folder,
    });
    // Plain layers: about 300 kB.
    await copyImages(suiteSource(suiteImage({ compression: 'none' })), target, {
      signal,
      platforms: 'all',
      retries: 0,
    });
  }

  for (const place of ['oci:@:1', 'oci-archive:@', 'docker-archive:@:app:1', 'dir:@']) {
    it(`${place.replace('@', '')} says that it is full, and leaves nothing`, async () => {
      await assert.rejects(put(place), { kind: 'resource_exhausted', code: 'disk_full' });
      assert.deepEqual(readdirSync(folder), []);
    });

    it(`${place.replace('@', '')} says that it is read-only`, async () => {
      execFileSync('mount', ['-o', 'remount,ro', folder]);
      await assert.rejects(put(place), { kind: 'failed_precondition', code: 'read_only' });
    });

    it(`${place.replace('@', '')} says that there is no folder for it`, async () => {
      if (place.startsWith('oci:')) return;
      await assert.rejects(put(place.replace('@', '@/none/here')), { kind: 'not_found' });
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('the scratch folder for layers that are compressed anew is not there', async () => {
    await using target = await openTarget(parseLocation(`oci-archive:${folder}.tar`), { signal, scratch: folder });
    const source = suiteSource(suiteImage({ family: 'oci', compression: 'gzip' }));
    const options = { signal, platforms: 'all', retries: 0, compress: 'zstd', scratch: join(folder, 'none') } as const;
    await assert.rejects(copyImages(source, target, options), { kind: 'not_found' });
    assert.deepEqual(readdirSync(folder), []);
  });
});
