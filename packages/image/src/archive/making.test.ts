import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBeside } from './making.ts';

describe('what is made beside its place', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-making-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is taken away by nobody else, however many begin at once', async () => {
    for (const kind of ['file', 'folder'] as const) {
      for (let round = 0; round < 10; round++) {
        const all = await Promise.all(
          Array.from({ length: 16 }, async (_, turn) => {
            await sleep(turn / 4);
            return await makeBeside(join(folder, 'place'), kind);
          }),
        );
        assert.ok(all.every(({ path }) => existsSync(path)));
        for (const making of all) await making[Symbol.asyncDispose]();
        assert.deepEqual(readdirSync(folder), []);
      }
    }
  });

  it('goes with the next one when its maker was killed', async () => {
    const [left, other] = ['place.tmp-00112233aabb', 'place.tmp-other'];
    for (const name of [left, other]) writeFileSync(join(folder, name), '');
    await using making = await makeBeside(join(folder, 'place'), 'file');
    assert.ok(existsSync(making.path));
    assert.deepEqual([existsSync(join(folder, left)), existsSync(join(folder, other))], [false, true]);
  });
});
