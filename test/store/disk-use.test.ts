import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { backgroundContext, type CallContext, silentLog, withLease } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import { createDiskService } from '@berth/engine/service/disk/disk';
import type { DiskUse } from '@berth/engine/service/disk/contract';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { needsRoot, Workplace } from './workplace.ts';

/** What du(1) says in bytes of allocated blocks, hard links once, this file system only. */
function du(root: string): number {
  return Number(execFileSync('du', ['-sx', '--block-size=1', root], { encoding: 'utf8' }).split('\t')[0]);
}

interface Case {
  readonly place: Workplace;
  readonly root: string;
  readonly stores: Stores;
  readonly context: CallContext;
}

async function put({ stores, context }: Case, bytes: Buffer, labels = {}): Promise<Digest> {
  const expected = { digest: sha256(bytes), size: bytes.length };
  // Without the digest, so that what is there already is no error.
  await using ingest = await stores.content.ingest(context, expected.digest);
  await ingest.write(bytes);
  return (await ingest.commit(context, {}, { labels })).digest;
}

async function layer({ stores, context }: Case, key: string, parent: string): Promise<void> {
  const { path: folder } = await stores.snapshots.prepare(context, `unpack-${key}`, parent);
  for (let n = 0; n < 50; n++) writeFileSync(path.join(folder, `file-${n}`), 'x'.repeat(n * 300));
  linkSync(path.join(folder, 'file-49'), path.join(folder, 'again'));
  symlinkSync('y'.repeat(200), path.join(folder, 'link'));
  mkdirSync(path.join(folder, 'folder/in/folder'), { recursive: true });
  await stores.snapshots.commit(context, key, `unpack-${key}`);
}

/** An image of a shared layer and one of its own. */
async function image(one: Case, name: string, size: number): Promise<Digest> {
  const { stores, context } = one;
  const shared = await put(one, Buffer.alloc(300_000, 'shared'));
  const own = await put(one, Buffer.alloc(size, name));
  await layer(one, `own-${name}`, 'base');
  const config = await put(one, Buffer.from(`config ${name}`), {
    'containerd.io/gc.ref.snapshot.overlayfs': `own-${name}`,
  });
  const refs = { config, 'l.0': shared, 'l.1': own };
  const labels = Object.fromEntries(
    Object.entries(refs).map(([key, to]) => [`containerd.io/gc.ref.content.${key}`, to]),
  );
  const digest = await put(one, Buffer.from(`manifest ${name}`), labels);
  const target = { mediaType: 'm', digest, size: 1 };
  const { namespace } = context;
  await stores.metadata.write((tx) => tx.images.put({ namespace, name, target, labels: {} }));
  return digest;
}

async function withStores(action: (one: Case) => Promise<void>): Promise<void> {
  using place = new Workplace();
  const root = path.join(place.path, 'root');
  await using stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs' });
  await using lease = await stores.leases.create('default');
  await action({ place, root, stores, context: withLease(backgroundContext(silentLog), lease.id) });
}

/** Until the file system has given every file its blocks. */
function settle({ root, stores }: Case): Promise<DiskUse> {
  execFileSync('sync', ['-f', root]);
  return createDiskService(stores).use(backgroundContext(silentLog));
}

describe('disk use', { skip: needsRoot }, () => {
  it('adds up to what du says', () =>
    withStores(async (one) => {
      await layer(one, 'base', '');
      await image(one, 'first', 500_000);
      await image(one, 'second', 100_000);
      await one.stores.snapshots.prepare(one.context, 'container', 'own-first');
      const { root, stores } = one;
      const row = { namespace: 'default', id: 'c', name: 'c', createdAt: 1, record: {}, snapshotKey: 'container' };
      await stores.metadata.write((tx) => tx.containers.create({ ...row, imageTarget: sha256('manifest first') }));
      mkdirSync(path.join(root, 'containers/c'), { recursive: true });
      writeFileSync(path.join(root, 'containers/c/container.log'), 'x'.repeat(70_000));
      {
        await using ingest = await stores.content.ingest(one.context, 'waiting');
        await ingest.write(Buffer.alloc(200_000, 'w'));
      }
      mkdirSync(path.join(root, 'snapshots/trash-99'));
      writeFileSync(path.join(root, 'snapshots/trash-99/file'), 'x'.repeat(50_000));
      const use = await settle(one);
      const { total, content, ingests, layers, containers, other } = use;
      assert.equal(total, content.bytes + ingests.bytes + layers.bytes + containers.bytes + other.bytes);
      // The database's log may grow by a page between the two looks.
      assert.ok(Math.abs(total - du(root)) <= 4096, `${total} instead of ${du(root)}`);
      assert.deepEqual([content.blobs, ingests.count, containers.count], [7, 1, 1]);
      assert.ok(ingests.bytes >= 200_000 && containers.bytes >= 70_000);
    }));

  it('tells what each image alone has, and what removing it frees', () =>
    withStores(async (one) => {
      await layer(one, 'base', '');
      const first = await image(one, 'first', 500_000);
      await image(one, 'second', 100_000);
      const { stores, context, root } = one;
      await using other = await stores.leases.create('default');
      // Only names hold from now on, but for this one.
      await stores.metadata.write((tx) => {
        tx.leases.protect('default', other.id, { kind: 'blob', key: sha256(Buffer.alloc(100_000, 'second')) });
      });
      stores.metadata.processLeases.release(context.lease!);
      const { images } = await settle(one);
      assert.deepEqual(
        images.map(({ names }) => names),
        [['first'], ['second']],
      );
      const [big, small] = images as [DiskUse['images'][number], DiskUse['images'][number]];
      assert.ok(big.unique >= 500_000 && big.reclaimable === big.unique);
      assert.ok(big.shared === small.shared && small.shared > 300_000);
      assert.ok(small.reclaimable <= small.unique - 100_000);
      const before = du(root);
      await stores.metadata.write((tx) => {
        for (const { name } of tx.namespaces.list()) {
          if (tx.images.get(name, 'first')?.target.digest === first) tx.images.delete(name, 'first');
        }
      });
      const unheld = await settle(one);
      assert.equal(unheld.content.reclaimable + unheld.layers.reclaimable, big.reclaimable);
      await stores.collector.collect();
      execFileSync('sync', ['-f', root]);
      assert.ok(Math.abs(before - du(root) - big.reclaimable) <= 65_536, `${before - du(root)} of ${big.reclaimable}`);
    }));
});
