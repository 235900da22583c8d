import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openArchive } from '@berth/image/archive/open';
import { copyImages } from '@berth/image/copy/copy';
import { openOciArchiveTarget } from '@berth/image/medium/oci-archive/open';
import { suiteImage, suiteSource } from '@berth/image/medium/suite-images';

describe('archives compressed as a whole by other programs', () => {
  const image = suiteImage();
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-outer-'));
    path = join(folder, 'a.tar');
    await using target = await openOciArchiveTarget({ path });
    await copyImages(suiteSource(image), target, { signal: AbortSignal.timeout(60_000), platforms: 'all' });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const [program, suffix] of [
    ['xz', 'xz'],
    ['bzip2', 'bz2'],
  ] as const) {
    const compress = (): string => {
      execFileSync(program, ['--keep', path]);
      return `${path}.${suffix}`;
    };

    it(`are read where ${program} is installed, and leave no copy`, async () => {
      const file = compress();
      {
        await using archive = await openArchive(file, { scratch: folder });
        assert.equal(archive.images()[0]?.target.digest, image.target.digest);
      }
      assert.equal(readdirSync(folder).length, 2);
    });

    it(`are told to be damaged or cut off by ${program}`, async () => {
      const file = compress();
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.subarray(0, bytes.length - 40));
      await assert.rejects(openArchive(file, { scratch: folder }), { kind: 'data_loss', code: 'truncated' });
      bytes.fill(0, 20, bytes.length - 20);
      writeFileSync(file, bytes);
      await assert.rejects(openArchive(file, { scratch: folder }), {
        kind: 'invalid_argument',
        code: 'bad_compression',
      });
      assert.equal(readdirSync(folder).length, 2);
    });

    it(`are named for what they are where ${program} is not installed`, async () => {
      const file = compress();
      const search = process.env['PATH'];
      process.env['PATH'] = folder;
      try {
        await assert.rejects(openArchive(file, { scratch: folder }), { code: 'unknown_compression' });
      } finally {
        process.env['PATH'] = search;
      }
      assert.equal(readdirSync(folder).length, 2);
    });
  }
});
