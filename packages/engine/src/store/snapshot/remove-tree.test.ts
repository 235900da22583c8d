import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { removeTree } from './remove-tree.ts';

describe('a tree', () => {
  let base: string;
  let tree: string;
  beforeEach(() => {
    base = mkdtempSync(path.join(tmpdir(), 'berth-remove-'));
    tree = path.join(base, 'tree');
    mkdirSync(path.join(tree, 'a/b'), { recursive: true });
    writeFileSync(path.join(tree, 'a/b/file'), 'x');
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  /** True when it is gone before anybody else had a turn. */
  function isGoneAtOnce(): boolean {
    const removal = removeTree(tree);
    const isGone = !existsSync(tree);
    void removal;
    return isGone;
  }

  test('that is small is gone at once, and what its links lead to stays', () => {
    writeFileSync(path.join(base, 'other'), '');
    symlinkSync('../other', path.join(tree, 'link'));
    assert.ok(isGoneAtOnce());
    assert.ok(existsSync(path.join(base, 'other')));
  });

  test('of many entries is gone when it is told', async () => {
    for (let count = 0; count < 100; count++) writeFileSync(path.join(tree, 'a/b', String(count)), '');
    const removal = removeTree(tree);
    assert.ok(existsSync(tree));
    await removal;
    assert.ok(!existsSync(tree));
  });

  test('with a large file is one of the large ones', async () => {
    truncateSync(path.join(tree, 'a/b/file'), 1 << 30);
    const removal = removeTree(tree);
    assert.ok(existsSync(tree));
    await removal;
    assert.ok(!existsSync(tree));
  });

  test('that is not there is success', async () => {
    await removeTree(path.join(base, 'absent'));
  });
});
