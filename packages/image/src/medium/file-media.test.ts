import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'node:test';
import { openDirSource } from './dir/source.ts';
import { openDirTarget } from './dir/target.ts';
import { openDockerArchiveSource, openDockerArchiveTarget } from './docker-archive/open.ts';
import type { ImageSource, ImageTarget } from './medium.ts';
import { mediumSuite, type SuitePlace } from './medium-suite.ts';
import { openOciArchiveSource, openOciArchiveTarget } from './oci-archive/open.ts';
import { openOciSource } from './oci/source.ts';
import { openOciTarget } from './oci/target.ts';

const { signal } = new AbortController();

interface FileMedium {
  readonly target: (path: string) => Promise<ImageTarget>;
  readonly source: (path: string) => Promise<ImageSource>;
}

/** Nothing but the place itself is ever left beside it. */
async function place({ target, source }: FileMedium): Promise<SuitePlace> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-medium-'));
  const path = join(folder, 'place');
  return {
    target: async () => await target(path),
    source: async () => await source(path),
    async close() {
      assert.deepEqual(
        readdirSync(folder).filter((name) => name !== 'place'),
        [],
      );
      rmSync(folder, { recursive: true });
    },
  };
}

const options = { scratch: tmpdir() };

describe('oci:', () => {
  mediumSuite(
    async () =>
      await place({
        target: async (path) => await openOciTarget({ path, reference: 'tag' }, signal),
        source: async (path) => await openOciSource({ path, reference: 'tag' }, options),
      }),
    { keepsBlobs: true },
  );
});

describe('oci-archive:', () => {
  mediumSuite(
    async () =>
      await place({
        target: async (path) => await openOciArchiveTarget({ path }),
        source: async (path) => await openOciArchiveSource({ path }, options),
      }),
    { keepsBlobs: false },
  );
});

describe('docker-archive:', () => {
  mediumSuite(
    async () =>
      await place({
        target: async (path) => await openDockerArchiveTarget({ path, reference: 'app:1' }),
        source: async (path) => await openDockerArchiveSource({ path }, options),
      }),
    { keepsBlobs: false, foreignLayers: false },
  );
});

describe('dir:', () => {
  mediumSuite(async () => await place({ target: openDirTarget, source: openDirSource }), { keepsBlobs: true });
});
