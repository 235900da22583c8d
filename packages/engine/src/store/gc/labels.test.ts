import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext, silentLog, withLease } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import type { Labels } from '../content.ts';
import { openStores, type Stores } from '../open-stores.ts';

const context = backgroundContext();
const hour = 3_600_000;
let root: string;
let stores: Stores;
let clock: number;
/** For each test of a suite. Hooks outside of suites would be those of every test of this process: all unit tests. */
function freshStores(): void {
  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'berth-labels-'));
    clock = Date.now();
    stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs', now: () => clock });
  });
  afterEach(async () => {
    await stores[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });
}

const put = async (text: string, labels: Labels = {}, caller = context): Promise<Digest> => {
  await using ingest = await stores.content.ingest(caller, text);
  await ingest.write(Buffer.from(text));
  return (await ingest.commit(caller, {}, { labels })).digest;
};
const name = (of: string, digest: Digest, labels: Labels = {}): Promise<unknown> =>
  stores.metadata.write((tx) =>
    tx.images.put({ namespace: 'alone', name: of, target: { mediaType: 'm', digest, size: 1 }, labels }),
  );
const alone = backgroundContext(silentLog, 'alone');
/** Texts of the blobs that a collection leaves. */
const leftOf = async (...texts: string[]): Promise<string[]> => {
  await stores.collector.collect();
  const digests = (await Array.fromAsync(stores.local.list(context))).map(({ digest }) => digest);
  return texts.filter((text) => digests.includes(sha256(text)));
};

describe('labels of garbage collection', () => {
  freshStores();

  it('hold by gc.ref.image, also an image whose time is over', async () => {
    const target = await put('target', {}, alone);
    await name('held', target, { 'containerd.io/gc.expire': new Date(clock + hour).toISOString() });
    const holder = await put('holder', { 'containerd.io/gc.ref.image': 'held' }, alone);
    await name('top', holder);
    clock += 2 * hour;
    assert.deepEqual(await leftOf('target', 'holder'), ['target', 'holder']);
    await stores.metadata.write((tx) => tx.images.delete('alone', 'top'));
    assert.deepEqual(await leftOf('target', 'holder'), []);
    assert.deepEqual(
      stores.metadata.read((tx) => tx.images.list('alone')),
      [],
    );
  });

  it('hold backwards: what names its holder goes with it', async () => {
    await name('image', await put('target', {}, alone));
    await put('to image', { 'containerd.io/gc.bref.image': 'image' }, alone);
    await put('to content', { 'containerd.io/gc.bref.content.0': sha256('target') }, alone);
    await put('to container', { 'containerd.io/gc.bref.container': 'c' }, alone);
    await put('to nothing', { 'containerd.io/gc.bref.content': sha256('nothing') }, alone);
    const all = ['target', 'to image', 'to content', 'to container', 'to nothing'];
    const row = { namespace: 'alone', id: 'c', name: 'c', snapshotKey: 's', createdAt: 1, record: {} };
    await stores.metadata.write((tx) => tx.containers.create({ ...row, imageTarget: sha256('none') }));
    assert.deepEqual(await leftOf(...all), all.slice(0, 4));
    await stores.metadata.write((tx) => tx.images.delete('alone', 'image'));
    assert.deepEqual(await leftOf(...all), ['to container']);
  });

  it('end an image at its time', async () => {
    await name('image', await put('target', {}, alone), {
      'containerd.io/gc.expire': new Date(clock + hour).toISOString(),
    });
    assert.deepEqual(await leftOf('target'), ['target']);
    clock += hour;
    assert.deepEqual(await leftOf('target'), []);
    assert.deepEqual(
      stores.metadata.read((tx) => tx.images.list('alone')),
      [],
    );
  });

  it('end a lease at its time, and let a flat one hold single things', async () => {
    const labels = { 'containerd.io/gc.flat': 'yes', 'containerd.io/gc.expire': new Date(clock + hour).toISOString() };
    await stores.metadata.write((tx) => tx.leases.create({ namespace: 'alone', id: 'flat', labels }));
    const leased = withLease(alone, 'flat');
    await put('child', {}, alone);
    await put('parent', { 'containerd.io/gc.ref.content': sha256('child') }, leased);
    await stores.snapshots.prepare(alone, 'unpack', '');
    await stores.snapshots.commit(alone, 'base', 'unpack');
    await stores.snapshots.prepare(leased, 'active', 'base');
    assert.deepEqual(await leftOf('child', 'parent'), ['parent']);
    assert.equal((await stores.snapshots.stat(alone, 'active')).parent, 'base');
    clock += hour;
    assert.deepEqual(await leftOf('child', 'parent'), []);
    await assert.rejects(stores.snapshots.stat(alone, 'base'), { kind: 'not_found' });
  });

  it('hold from a snapshot what its namespace has', async () => {
    await put('wanted', {}, alone);
    await stores.snapshots.prepare(alone, 'holder', '', {
      'containerd.io/gc.root': 'now',
      'containerd.io/gc.ref.content.0': sha256('wanted'),
    });
    assert.deepEqual(await leftOf('wanted'), ['wanted']);
  });
});

describe('ingests', () => {
  freshStores();

  it('stay a day after they were last written to, and as long as a recorded lease has them', async () => {
    await using lease = await stores.leases.create('alone', 100 * hour);
    await (await stores.content.ingest(alone, 'free'))[Symbol.asyncDispose]();
    await (await stores.content.ingest(withLease(alone, lease.id), 'leased'))[Symbol.asyncDispose]();
    const refs = async (): Promise<string[]> => {
      await stores.collector.collect();
      return (await stores.content.ingests(alone)).map(({ ref }) => ref).toSorted();
    };
    clock += 23 * hour;
    assert.deepEqual(await refs(), ['free', 'leased']);
    clock += 2 * hour;
    assert.deepEqual(await refs(), ['leased']);
    clock += 100 * hour;
    assert.deepEqual(await refs(), []);
  });
});

describe('a recorded lease', () => {
  freshStores();

  it('holds a snapshot whose name another unpack had taken', async () => {
    await using first = await stores.leases.create('alone');
    await stores.snapshots.prepare(withLease(alone, first.id), 'one', '');
    await stores.snapshots.commit(withLease(alone, first.id), 'chain', 'one');
    const recorded = await stores.leases.create('alone', hour);
    const leased = withLease(alone, recorded.id);
    await stores.snapshots.prepare(leased, 'two', '');
    await assert.rejects(stores.snapshots.commit(leased, 'chain', 'two'), { code: 'snapshot_exists' });
    await first[Symbol.asyncDispose]();
    await stores.collector.collect();
    assert.equal((await stores.snapshots.stat(alone, 'chain')).kind, 'committed');
  });
});

describe('a namespace that changes its share group', () => {
  freshStores();

  const images = (namespace: string): string[] =>
    stores.metadata.read((tx) => tx.images.list(namespace).map((image) => image.name));
  const move = (namespace: string, shareGroup: string): Promise<void> =>
    stores.metadata.write((tx) => tx.namespaces.put({ name: namespace, labels: {}, shareGroup }));

  it('keeps its images and what is behind them when it leaves', async () => {
    const target = { mediaType: 'm', digest: await put('shared'), size: 1 };
    await stores.metadata.write((tx) => tx.images.put({ namespace: 'default', name: 'a', target, labels: {} }));
    await move('moby', '');
    await stores.metadata.write((tx) => {
      for (const one of ['default', 'k8s.io']) tx.images.delete(one, 'a');
    });
    assert.deepEqual([images('default'), images('moby')], [[], ['a']]);
    assert.deepEqual(await leftOf('shared'), ['shared']);
  });

  it('shares what it has when it joins, and gets what is there', async () => {
    await name('mine', await put('mine', {}, alone));
    await put('child', {}, alone);
    const both = { mediaType: 'm', digest: await put('both', {}, context), size: 1 };
    await put('both', { 'containerd.io/gc.ref.content.0': sha256('child') }, alone);
    await name('both', both.digest);
    await stores.metadata.write((tx) =>
      tx.images.put({ namespace: 'default', name: 'theirs', target: both, labels: {} }),
    );
    await move('alone', 'default');
    assert.deepEqual(images('alone'), ['both', 'mine', 'theirs']);
    assert.deepEqual(images('moby'), ['both', 'mine', 'theirs']);
    // Only one side knew of the child.
    assert.deepEqual(await leftOf('mine', 'both', 'child'), ['mine', 'both', 'child']);
  });
});
