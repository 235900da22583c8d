import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import type { CallContext } from '@berth/model/context';
import { isKind, type ErrorKind } from '@berth/model/error';
import type { SnapshotMount, SnapshotStore } from './snapshot.ts';

/** A store that is empty and the suite's own. */
export interface SuiteSnapshots {
  readonly store: SnapshotStore;
  readonly context: CallContext;
  close(): Promise<void>;
}

/** What every SnapshotStore does; to be called inside a `describe`. Needs neither root nor mounts. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function snapshotSuite(open: () => Promise<SuiteSnapshots>): void {
  let opened: SuiteSnapshots;
  let store: SnapshotStore;
  let context: CallContext;
  beforeEach(async () => {
    opened = await open();
    ({ store, context } = opened);
  });
  afterEach(() => opened.close());

  /** Commits a layer with one file. */
  const layer = async (name: string, parent: string, file = name): Promise<void> => {
    const { path: folder } = await store.prepare(context, `unpack-${name}`, parent);
    writeFileSync(path.join(folder, file), name);
    await store.commit(context, name, `unpack-${name}`);
  };

  it('commits an active snapshot under another name, and stacks on it', async () => {
    await layer('base', '');
    await layer('top', 'base');
    const info = await store.stat(context, 'top');
    assert.deepEqual([info.key, info.kind, info.parent], ['top', 'committed', 'base']);
    await rejects(store.stat(context, 'unpack-top'), 'not_found');
  });

  it('says where the files of the layers are, top first', async () => {
    await layer('base', '');
    await layer('top', 'base');
    await store.prepare(context, 'container', 'top');
    const layers = await store.layers(context, 'container');
    const holder = (file: string): number => layers.findIndex((folder) => existsSync(path.join(folder, file)));
    assert.ok(holder('top') >= 0 && holder('top') <= holder('base'));
    assert.equal(readFileSync(path.join(layers[holder('base')]!, 'base'), 'utf8'), 'base');
    for (const folder of layers) assert.ok(path.isAbsolute(folder));
  });

  it('gives an active snapshot a folder of its own that can be written', async () => {
    await layer('base', '');
    const a = await store.prepare(context, 'a', 'base');
    const b = await store.prepare(context, 'b', 'base');
    writeFileSync(path.join(a.path, 'mine'), '');
    assert.ok(!existsSync(path.join(b.path, 'mine')));
    assert.ok(isWritable(a.mount));
    assert.deepEqual(await store.mounts(context, 'a'), a.mount);
  });

  it('keeps a draft as if it had been prepared, and forgets one that is not kept', async () => {
    await layer('base', '');
    const draft = await store.draft(context, 'a', 'base');
    await rejects(store.stat(context, 'a'), 'not_found');
    await draft.keep();
    await draft[Symbol.asyncDispose]();
    assert.deepEqual(await store.mounts(context, 'a'), draft.mount);
    assert.ok(existsSync(draft.path));
    const dropped = await store.draft(context, 'b', 'base');
    await dropped[Symbol.asyncDispose]();
    assert.ok(!existsSync(dropped.path));
    const late = await store.draft(context, 'a', 'base');
    await rejects(late.keep(), 'already_exists');
    await late[Symbol.asyncDispose]();
    assert.ok(!existsSync(late.path) && existsSync(draft.path));
    await rejects(store.draft(context, 'c', 'no-such-parent'), 'not_found');
  });

  it('mounts views read-only', async () => {
    await layer('base', '');
    await layer('top', 'base');
    for (const parent of ['', 'base', 'top']) {
      const view = await store.view(context, `view-${parent}`, parent);
      assert.ok(!isWritable(view.mount));
      await rejects(store.commit(context, 'x', `view-${parent}`), 'failed_precondition');
    }
  });

  it('shows the mode of the root folder through every layer', async () => {
    const { path: folder } = await store.prepare(context, 'unpack', '');
    const { mode } = statSync(folder);
    assert.equal(mode & 0o7777, 0o755);
    await store.commit(context, 'base', 'unpack');
    const above = await store.prepare(context, 'above', 'base');
    assert.equal(statSync(above.path).mode, mode);
  });

  it('refuses keys that are taken, parents that are missing and parents that are not committed', async () => {
    await layer('base', '');
    await store.prepare(context, 'active', 'base');
    await rejects(store.prepare(context, 'active', 'base'), 'already_exists');
    await rejects(store.prepare(context, 'base', ''), 'already_exists');
    await rejects(store.prepare(context, 'x', 'missing'), 'not_found');
    await rejects(store.prepare(context, 'x', 'active'), 'failed_precondition');
    await rejects(store.commit(context, 'base', 'active'), 'already_exists');
    await rejects(store.commit(context, 'x', 'base'), 'failed_precondition');
    await rejects(store.commit(context, 'x', 'missing'), 'not_found');
  });

  it('puts what was prepared on nothing onto a parent when it is committed', async () => {
    await layer('base', '');
    await store.prepare(context, 'alone', '');
    await rejects(store.commit(context, 'x', 'alone', { parent: 'missing' }), 'not_found');
    await store.commit(context, 'top', 'alone', { parent: 'base' });
    assert.equal((await store.stat(context, 'top')).parent, 'base');
    await rejects(store.remove(context, 'base'), 'failed_precondition', 'has_children');
    await store.prepare(context, 'stacked', 'base');
    await rejects(store.commit(context, 'x', 'stacked', { parent: 'top' }), 'failed_precondition', 'has_parent');
    await rejects(store.commit(context, 'x', 'stacked', { parent: 'stacked' }), 'failed_precondition');
  });

  it('removes children before parents, with their files', async () => {
    await layer('base', '');
    const { path: folder } = await store.prepare(context, 'child', 'base');
    await rejects(store.remove(context, 'base'), 'failed_precondition', 'has_children');
    await store.remove(context, 'child');
    assert.ok(!existsSync(folder));
    await store.remove(context, 'base');
    await rejects(store.remove(context, 'base'), 'not_found');
    assert.deepEqual(await keys(), []);
  });

  it('counts what a snapshot holds itself', async () => {
    const { path: folder } = await store.prepare(context, 'unpack', '');
    writeFileSync(path.join(folder, 'file'), Buffer.alloc(100_000, 1));
    mkdirSync(path.join(folder, 'folder'));
    const before = await store.usage(context, 'unpack');
    assert.equal(before.inodes, 3);
    await store.commit(context, 'layer', 'unpack');
    const after = await store.usage(context, 'layer');
    assert.equal(after.inodes, 3);
    assert.ok(after.bytes >= 0);
    await rejects(store.usage(context, 'missing'), 'not_found');
  });

  it('keeps labels, and adds those of the commit', async () => {
    await store.prepare(context, 'unpack', '', { a: '1' });
    await store.commit(context, 'layer', 'unpack', { labels: { b: '2' } });
    assert.deepEqual((await store.stat(context, 'layer')).labels, { a: '1', b: '2' });
  });

  it('lists every snapshot once', async () => {
    await layer('base', '');
    await store.prepare(context, 'active', 'base');
    assert.deepEqual((await keys()).toSorted(), ['active', 'base']);
  });

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of store.list(context)) found.push(key);
    return found;
  }
}

function isWritable({ options }: SnapshotMount): boolean {
  return !options.includes('ro');
}

async function rejects(promise: Promise<unknown>, kind: ErrorKind, code?: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), `expected ${kind}, got ${String(error)}`);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  });
}
