/**
 * A process to be killed: writes to the stores below the folder given until its end comes, and prints a line for each
 * thing that is promised to be kept from then on: `blob DIGEST`, `layer KEY`, `gone DIGEST`. A second argument is the
 * boot that it is to believe to be of.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { backgroundContext, silentLog, withLease } from '@berth/model/context';
import { sha256 } from '@berth/model/digest';
import { openStores } from '@berth/engine/store/open-stores';

const context = backgroundContext();
const bootId = process.argv[3];
const { content, snapshots, metadata, leases, collector } = await openStores({
  root: process.argv[2]!,
  log: silentLog,
  snapshotter: 'overlayfs',
  ...(bootId === undefined ? {} : { bootId }),
});

// Past the event loop: what is promised must not wait in a buffer.
const promise = (line: string): void => void writeSync(1, `${line}\n`);

async function writeBlobs(): Promise<void> {
  for (;;) {
    const bytes = randomBytes(1 + Math.floor(Math.random() * 300_000));
    const expected = { digest: sha256(bytes), size: bytes.length };
    await using lease = await leases.create('default');
    const leased = withLease(context, lease.id);
    await using ingest = await content.ingest(leased, `ref-${expected.digest}`, expected);
    for (let at = 0; at < bytes.length; at += 50_000) await ingest.write(bytes.subarray(at, at + 50_000));
    await ingest.commit(leased);
    const target = { mediaType: 'm', ...expected };
    await metadata.write((tx) => tx.images.put({ namespace: 'default', name: expected.digest, target, labels: {} }));
    promise(`blob ${expected.digest}`);
    if (Math.random() < 0.7) continue;
    // From here on it may or may not be there.
    promise(`gone ${expected.digest}`);
    await metadata.write((tx) => {
      for (const { name } of tx.namespaces.list()) {
        if (tx.images.get(name, expected.digest) !== undefined) tx.images.delete(name, expected.digest);
      }
    });
    await collector.collect();
  }
}

async function writeLayers(): Promise<void> {
  let parent = '';
  for (;;) {
    const key = `layer-${randomBytes(8).toString('hex')}`;
    const { path: folder } = await snapshots.prepare(context, `unpack-${key}`, parent, {
      'containerd.io/gc.root': 'now',
    });
    for (let n = 0; n < 20; n++) writeFileSync(path.join(folder, `file-${n}`), randomBytes(1000));
    // A kernel that goes on keeps what was never synced; only one that goes down makes this a lie.
    const synced = bootId === undefined && Math.random() < 0.9;
    await snapshots.commit(context, key, `unpack-${key}`, { synced });
    promise(`layer ${key}`);
    if (Math.random() < 0.2) parent = key;
    const { path: doomed } = await snapshots.prepare(context, `doomed-${key}`, parent);
    writeFileSync(path.join(doomed, 'file'), '');
    await snapshots.remove(context, `doomed-${key}`).catch(() => undefined);
  }
}

await Promise.all([writeBlobs(), writeBlobs(), writeLayers()]);
