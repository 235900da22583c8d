import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openDirSource } from './source.ts';

it('a folder of dir: whose manifest is a bomb is not read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-dir-'));
  try {
    await assert.rejects(openDirSource(folder), { kind: 'not_found', code: 'no_such_image' });
    writeFileSync(join(folder, 'manifest.json'), '{}');
    truncateSync(join(folder, 'manifest.json'), 2 ** 40);
    await assert.rejects(openDirSource(folder), { kind: 'resource_exhausted', code: 'too_large' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
