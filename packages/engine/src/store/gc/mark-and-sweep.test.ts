import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext, silentLog, withLease } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import type { Labels } from '../content.ts';
import { openStores, type Stores } from '../open-stores.ts';

const context = backgroundContext();
let root: string;
let stores: Stores;
let clock: number;
const open = (): Promise<Stores> => openStores({ root, log: silentLog, snapshotter: 'overlayfs', now: () => clock });
const reopen = async (): Promise<void> => {
  await stores[Symbol.asyncDispose]();
  stores = await open();
};
/** For each test of a suite. Hooks outside of suites would be those of every test of this process: all unit tests. */
function freshStores(): void {
  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'berth-gc-'));
    clock = Date.now();
    stores = await open();
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
const name = (namespace: string, digest: Digest): Promise<unknown> =>
  stores.metadata.write((tx) =>
    tx.images.put({ namespace, name: 'image', target: { mediaType: 'm', digest, size: 1 }, labels: {} }),
  );
const left = async (): Promise<string[]> => {
  const digests: string[] = [];
  for await (const { digest } of stores.local.list(context)) digests.push(digest);
  return digests;
};
const layer = async (key: string, parent: string): Promise<void> => {
  await stores.snapshots.prepare(context, `unpack ${key}`, parent);
  await stores.snapshots.commit(context, key, `unpack ${key}`, { synced: true });
};

/** A manifest with a config and a layer, the config with an unpacked stack of two. */
async function image(): Promise<{ manifest: Digest; config: Digest; blob: Digest }> {
  await layer('chain-1', '');
  await layer('chain-2', 'chain-1');
  const blob = await put('layer');
  const config = await put('config', { 'containerd.io/gc.ref.snapshot.overlayfs': 'chain-2' });
  const refs = { 'containerd.io/gc.ref.content.config': config, 'containerd.io/gc.ref.content.l.0': blob };
  return { manifest: await put('manifest', refs), config, blob };
}

describe('collection', () => {
  freshStores();

  it('takes what nothing holds, with its files, and says what that freed', async () => {
    await image();
    const result = await stores.collector.collect();
    assert.deepEqual([result.blobs.length, result.snapshots.toSorted()], [3, ['chain-1', 'chain-2']]);
    assert.ok(result.bytes >= 'layerconfigmanifest'.length);
    assert.deepEqual(await left(), []);
    assert.ok(!existsSync(path.join(root, 'snapshots', '1')));
    assert.deepEqual(await stores.collector.collect(), { blobs: [], snapshots: [], bytes: 0 });
  });

  it('leaves what a name refers to, over labels and parents', async () => {
    const { manifest } = await image();
    await put('garbage');
    await name('default', manifest);
    assert.deepEqual((await stores.collector.collect()).blobs, [sha256('garbage')]);
    await stores.snapshots.stat(context, 'chain-1');
  });

  it('frees an image with its last name in any namespace of the group', async () => {
    const { manifest } = await image();
    await name('default', manifest);
    for (const namespace of ['default', 'moby', 'k8s.io']) {
      assert.deepEqual((await stores.collector.collect()).blobs, []);
      await stores.metadata.write((tx) => tx.images.delete(namespace, 'image'));
    }
    assert.equal((await stores.collector.collect()).blobs.length, 3);
  });

  it('leaves what a container needs', async () => {
    const { manifest } = await image();
    await stores.snapshots.prepare(context, 'c', 'chain-2');
    const row = {
      namespace: 'default',
      id: 'c',
      name: 'n',
      imageTarget: manifest,
      snapshotKey: 'c',
      createdAt: 1,
      record: {},
    };
    await stores.metadata.write((tx) => tx.containers.create(row));
    assert.deepEqual(await stores.collector.collect(), { blobs: [], snapshots: [], bytes: 0 });
    await stores.metadata.write((tx) => tx.containers.delete('c'));
    assert.equal((await stores.collector.collect()).snapshots.length, 3);
  });

  it('leaves what a lease protects, until it ends', async () => {
    {
      await using lease = await stores.leases.create('default');
      const leased = withLease(context, lease.id);
      await put('leased', {}, leased);
      await stores.snapshots.prepare(leased, 'active', '');
      assert.deepEqual(await stores.collector.collect(), { blobs: [], snapshots: [], bytes: 0 });
    }
    const { blobs, snapshots } = await stores.collector.collect();
    assert.deepEqual([blobs, snapshots], [[sha256('leased')], ['active']]);
  });

  it('leaves what a recorded lease protects over a restart, until its time is over', async () => {
    const lease = await stores.leases.create('default', 1000);
    const digest = await put('leased', {}, withLease(context, lease.id));
    await reopen();
    assert.deepEqual(await left(), [digest]);
    clock += 1000;
    assert.deepEqual((await stores.collector.collect()).blobs, [digest]);
  });

  it('leaves what was found to be there under a lease', async () => {
    await layer('chain', '');
    const lease = await stores.leases.create('default');
    const recorded = await stores.leases.create('default', 60_000);
    for (const one of [lease, recorded]) {
      await stores.snapshots.stat(withLease(context, one.id), 'chain');
      assert.deepEqual((await stores.collector.collect()).snapshots, []);
      if (one === lease) await stores.snapshots.stat(withLease(context, recorded.id), 'chain');
      await one[Symbol.asyncDispose]();
    }
    assert.deepEqual((await stores.collector.collect()).snapshots, ['chain']);
  });

  it('leaves what has the root label', async () => {
    const child = await put('child');
    await put('root', { 'containerd.io/gc.root': 'now', 'containerd.io/gc.ref.content': child });
    await stores.snapshots.prepare(context, 'kept', '', { 'containerd.io/gc.root': 'now' });
    assert.deepEqual(await stores.collector.collect(), { blobs: [], snapshots: [], bytes: 0 });
  });

  it('does not follow labels of another snapshotter', async () => {
    await layer('chain', '');
    await name('default', await put('config', { 'containerd.io/gc.ref.snapshot.overlayfs2': 'chain' }));
    assert.deepEqual((await stores.collector.collect()).snapshots, ['chain']);
  });

  it('ends when blobs refer to each other', async () => {
    const a = sha256('a');
    const b = await put('b', { 'containerd.io/gc.ref.content.x': a });
    await put('a', { 'containerd.io/gc.ref.content.x': b });
    await name('default', a);
    assert.deepEqual((await stores.collector.collect()).blobs, []);
  });

  it('does not take the file of a blob that is being recorded again', async () => {
    await using lease = await stores.leases.create('default');
    for (let n = 0; n < 30; n++) {
      // Unprotected, so it is garbage; at the same time another call writes the same bytes.
      await put('again');
      const [digest] = await Promise.all([put('again', {}, withLease(context, lease.id)), stores.collector.collect()]);
      assert.ok(existsSync(stores.local.blobPath(digest)), `round ${n}`);
      await stores.content.delete(context, digest);
    }
  });

  it('tells what holds a blob', async () => {
    const { manifest, blob } = await image();
    assert.deepEqual(stores.collector.whatHolds(blob), []);
    await stores.metadata.write((tx) => tx.namespaces.put({ name: 'alone', labels: {}, shareGroup: '' }));
    await name('moby', manifest);
    const [holder, ...others] = stores.collector.whatHolds(blob);
    assert.deepEqual(holder, { kind: 'image', namespace: 'default', name: 'image', path: [manifest, blob] });
    assert.equal(others.length, 2);
  });
});

describe('collection after every write', () => {
  freshStores();

  it('takes at once what nothing protects, and nothing else', async () => {
    await stores[Symbol.asyncDispose]();
    stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs', collectAfterEveryWrite: true });
    await put('unprotected');
    await assert.rejects(stores.content.info(context, sha256('unprotected')), { kind: 'not_found' });
    const lease = await stores.leases.create('default');
    const kept = await put('protected', {}, withLease(context, lease.id));
    await stores.content.info(context, kept);
    await name('default', kept);
    await lease[Symbol.asyncDispose]();
    await stores.collector.collect();
    assert.deepEqual(await left(), [kept]);
  });
});
