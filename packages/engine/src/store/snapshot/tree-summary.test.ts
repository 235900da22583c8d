import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { summarizeTree } from './tree-summary.ts';

describe('what a tree holds', () => {
  let root = '';
  beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'berth-tree-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  it('is counted also while a container makes and deletes files in it', async () => {
    for (let n = 0; n < 50; n++) {
      mkdirSync(path.join(root, `folder-${n}`));
      for (let m = 0; m < 100; m++) writeFileSync(path.join(root, `folder-${n}`, String(m)), 'x');
    }
    const counted = summarizeTree(root);
    await nextTurn();
    for (let n = 0; n < 50; n += 2) rmSync(path.join(root, `folder-${n}`), { recursive: true });
    const { inodes } = await counted;
    assert.ok(inodes >= 1 + 25 * 101 && inodes <= 1 + 50 * 101, String(inodes));
  });

  it('leaves others their turn, in one large folder too', async () => {
    for (let n = 0; n < 20_000; n++) writeFileSync(path.join(root, String(n)), '');
    let turns = 0;
    const timer = setInterval(() => void turns++, 0);
    const { inodes, emptyFiles } = await summarizeTree(root);
    clearInterval(timer);
    assert.deepEqual([inodes, emptyFiles], [20_001, 20_000]);
    assert.ok(turns > 1, `${turns} turns`);
  });
});
