import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext, silentLog } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import { openStores, type Stores } from './open-stores.ts';

const context = backgroundContext();
let root: string;
let stores: Stores;
const open = (bootId = 'this boot'): Promise<Stores> =>
  openStores({ root, log: silentLog, snapshotter: 'overlayfs', bootId });
/** For each test of a suite. Hooks outside of suites would be those of every test of this process: all unit tests. */
function freshStores(): void {
  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'berth-stores-'));
    stores = await open();
  });
  afterEach(async () => {
    await stores[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });
}

/** A blob and an unpacked layer with one file, which no collection takes. */
async function fill(): Promise<{ digest: Digest; folder: string }> {
  const labels = { 'containerd.io/gc.root': 'now' };
  const ingest = await stores.content.ingest(context, 'r');
  await ingest.write(Buffer.from('bytes'));
  const { digest } = await ingest.commit(context, {}, { labels });
  const { path: folder } = await stores.snapshots.prepare(context, 'unpack', '', labels);
  writeFileSync(path.join(folder, 'file'), 'bytes');
  await stores.snapshots.commit(context, 'layer', 'unpack');
  return { digest, folder };
}

describe('a root folder', () => {
  freshStores();

  it('has one user at a time, and names that one to others', async () => {
    await assert.rejects(open(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'root_in_use');
      assert.ok(error.message.includes(root) && error.message.includes(String(process.pid)));
      return true;
    });
    await stores[Symbol.asyncDispose]();
    stores = await open();
  });

  it('is found as it was left', async () => {
    const { digest } = await fill();
    await stores[Symbol.asyncDispose]();
    assert.ok(!existsSync(path.join(root, 'running')));
    stores = await open('another boot');
    await stores.content.info(context, digest);
    await stores.snapshots.stat(context, 'layer');
  });

  it('loses files that no record knows', async () => {
    await stores[Symbol.asyncDispose]();
    const orphan = stores.local.blobPath(sha256('orphan'));
    writeFileSync(orphan, 'orphan');
    stores = await open();
    assert.ok(!existsSync(orphan));
  });

  it('is not left locked when it does not open', async () => {
    await stores[Symbol.asyncDispose]();
    writeFileSync(path.join(root, 'metadata.db'), 'x'.repeat(5000));
    await assert.rejects(open(), { code: 'corrupt_database' });
    // The same error again, not root_in_use.
    await assert.rejects(open(), { code: 'corrupt_database' });
    rmSync(path.join(root, 'metadata.db'));
    stores = await open();
  });
});

describe('a root folder whose machine went down', () => {
  freshStores();

  /** Leaves the folder as a daemon does that gets no chance to close. */
  const pullThePlug = async (): Promise<void> => {
    await stores[Symbol.asyncDispose]();
    writeFileSync(path.join(root, 'running'), 'this boot');
  };

  it('loses content that is not whole any more', async () => {
    const { digest } = await fill();
    await pullThePlug();
    const file = stores.local.blobPath(digest);
    chmodSync(file, 0o600);
    truncateSync(file);
    stores = await open('next boot');
    await assert.rejects(stores.content.info(context, digest), { kind: 'not_found' });
    assert.ok(!existsSync(file));
  });

  it('loses layers with files that became empty', async () => {
    const { folder } = await fill();
    await pullThePlug();
    truncateSync(path.join(folder, 'file'));
    stores = await open('next boot');
    await assert.rejects(stores.snapshots.stat(context, 'layer'), { kind: 'not_found' });
    await stores[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(path.join(root, 'snapshots')), []);
  });

  it('keeps what is whole', async () => {
    const { digest } = await fill();
    await pullThePlug();
    stores = await open('next boot');
    await stores.content.info(context, digest);
    await stores.snapshots.stat(context, 'layer');
  });

  it('is not checked when only the daemon was killed', async () => {
    const { folder } = await fill();
    await pullThePlug();
    truncateSync(path.join(folder, 'file'));
    stores = await open('this boot');
    await stores.snapshots.stat(context, 'layer');
  });
});
