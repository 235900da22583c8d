import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { backgroundContext, silentLog, withLease } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { PowerDisk, whyNoPowerCut } from '../crash/power-disk.ts';

const context = backgroundContext();
const open = (root: string): Promise<Stores> => openStores({ root, log: silentLog, snapshotter: 'overlayfs' });

/** An image of one blob. */
async function put({ content, metadata, leases }: Stores, name: string, size: number): Promise<Digest> {
  const bytes = randomBytes(size);
  const expected = { digest: sha256(bytes), size };
  await using lease = await leases.create('default');
  const leased = withLease(context, lease.id);
  {
    await using ingest = await content.ingest(leased, expected.digest, expected);
    try {
      await ingest.write(bytes);
      await ingest.commit(leased);
    } catch (error) {
      await content.abort(leased, expected.digest).catch(() => undefined);
      throw error;
    }
  }
  const target = { mediaType: 'm', ...expected };
  await metadata.write((tx) => tx.images.put({ namespace: 'alone', name, target, labels: {} }));
  return expected.digest;
}

/** Takes the last block, as another program may. */
function fillUp(disk: PowerDisk): void {
  for (const size of [1 << 20, 4096, 1]) {
    for (let n = 0; ; n++) {
      try {
        writeFileSync(path.join(disk.folder, `fill-${size}-${n}`), Buffer.alloc(size), { flush: true });
      } catch {
        break;
      }
    }
  }
}

async function usable(stores: Stores, name: string): Promise<void> {
  const digest = await put(stores, name, 100_000);
  await stores.snapshots.prepare(context, `snapshot-${name}`, '');
  await stores.snapshots.remove(context, `snapshot-${name}`);
  assert.ok(digest);
}

const full = (error: unknown): boolean => isKind(error, 'resource_exhausted');

describe('stores on a full disk', { skip: whyNoPowerCut, timeout: 120_000 }, () => {
  it('say so, lose nothing, and go on once there is space', async () => {
    using disk = new PowerDisk('48M');
    const root = path.join(disk.folder, 'root');
    await using stores = await open(root);
    await put(stores, 'first', 1_000_000);
    fillUp(disk);
    await assert.rejects(put(stores, 'second', 3_000_000), full);
    await assert.rejects(stores.snapshots.prepare(context, 's', ''), full);
    assert.equal(stores.metadata.read((tx) => tx.images.list('alone')).length, 1);
    for (const { digest } of await Array.fromAsync(stores.content.list(backgroundContext(silentLog, 'default')))) {
      assert.equal(sha256(await stores.content.readAll(context, digest)), digest);
    }
    execFileSync('sh', ['-c', 'rm -f "$0"/fill-*', disk.folder]);
    await usable(stores, 'third');
  });

  it('free space for themselves when images are removed', async () => {
    using disk = new PowerDisk('48M');
    const root = path.join(disk.folder, 'root');
    await using stores = await open(root);
    await put(stores, 'first', 2_000_000);
    fillUp(disk);
    await stores.metadata.write((tx) => tx.images.delete('alone', 'first'));
    assert.equal((await stores.collector.collect()).blobs.length, 1);
    await usable(stores, 'second');
  });

  it('start, and go on once there is space', async () => {
    using disk = new PowerDisk('48M');
    const root = path.join(disk.folder, 'root');
    {
      await using stores = await open(root);
      await put(stores, 'first', 2_000_000);
    }
    fillUp(disk);
    try {
      await using stores = await open(root);
      assert.equal(stores.metadata.read((tx) => tx.images.list('alone')).length, 1);
    } catch (error) {
      assert.ok(full(error), String(error));
    }
    rmSync(path.join(disk.folder, 'fill-1048576-0'));
    await using stores = await open(root);
    await usable(stores, 'second');
  });
});

describe('stores on a disk that can only be read', { skip: whyNoPowerCut, timeout: 120_000 }, () => {
  it('say so, and answer what can be read', async () => {
    using disk = new PowerDisk('48M');
    const root = path.join(disk.folder, 'root');
    await using stores = await open(root);
    const lease = await stores.leases.create('default');
    const leased = withLease(context, lease.id);
    const bytes = randomBytes(10_000);
    {
      await using ingest = await stores.content.ingest(leased, 'first');
      await ingest.write(bytes);
      await ingest.commit(leased);
    }
    // Not a remount, which open files of the database would prevent: what the kernel does to a damaged file system.
    const readOnly = (error: unknown): boolean => isKind(error, 'failed_precondition');
    execFileSync('mount', ['-o', 'remount,abort', disk.folder], { stdio: 'ignore' });
    await assert.rejects(put(stores, 'second', 1000), readOnly);
    await assert.rejects(stores.snapshots.prepare(context, 's', ''), readOnly);
    assert.deepEqual(Buffer.from(await stores.content.readAll(context, sha256(bytes))), bytes);
  });
});
