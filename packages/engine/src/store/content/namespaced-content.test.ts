import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext, type CallContext, silentLog, withLease } from '@berth/model/context';
import { sha256 } from '@berth/model/digest';
import { contentSuite } from '../content-suite.ts';
import { openStores, type Stores } from '../open-stores.ts';

const open = (root: string): Promise<Stores> => openStores({ root, log: silentLog, snapshotter: 'native' });
const inNamespace = (name: string): CallContext => backgroundContext(silentLog, name);

describe('the content store of a namespace', () => {
  contentSuite(
    async () => {
      const root = mkdtempSync(path.join(tmpdir(), 'berth-stores-'));
      let stores = await open(root);
      // Without it, nothing would survive the collection of the next start.
      const lease = await stores.leases.create('default', 60_000);
      const close = async (): Promise<void> => {
        await stores[Symbol.asyncDispose]();
        rmSync(root, { recursive: true });
      };
      const reopen = async () => {
        await stores[Symbol.asyncDispose]();
        stores = await open(root);
        return stores.content;
      };
      return { store: stores.content, context: withLease(inNamespace('default'), lease.id), reopen, close };
    },
    { labels: true },
  );
});

describe('namespaces and content', () => {
  let root: string;
  let stores: Stores;
  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'berth-stores-'));
    stores = await open(root);
  });
  afterEach(async () => {
    await stores[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });
  const expected = { digest: sha256('shared'), size: 6 };
  const put = async (namespace: string): Promise<void> => {
    await using ingest = await stores.content.ingest(inNamespace(namespace), 'r', expected);
    await ingest.write(Buffer.from('shared'));
    await ingest.commit(inNamespace(namespace), {}, { labels: { from: namespace } });
  };

  it('of one share group see the same blobs and labels', async () => {
    await put('moby');
    assert.deepEqual((await stores.content.info(inNamespace('k8s.io'), expected.digest)).labels, { from: 'moby' });
  });

  it('outside of the group do not see them, and get the bytes without writing them', async () => {
    await put('moby');
    const other = inNamespace('other');
    await assert.rejects(stores.content.info(other, expected.digest), { kind: 'not_found' });
    await assert.rejects(stores.content.ingest(other, 'r', expected), { kind: 'already_exists' });
    assert.deepEqual((await stores.content.info(other, expected.digest)).labels, {});
    await assert.rejects(stores.content.ingest(other, 'r', { ...expected, size: 7 }), { code: 'size_mismatch' });
  });

  it('free the file with the last of them', async () => {
    await put('moby');
    await put('other').catch(() => undefined);
    await stores.content.delete(inNamespace('moby'), expected.digest);
    assert.ok(existsSync(stores.local.blobPath(expected.digest)));
    await stores.content.delete(inNamespace('other'), expected.digest);
    assert.ok(!existsSync(stores.local.blobPath(expected.digest)));
  });

  it('have references of ingests of their own', async () => {
    await using a = await stores.content.ingest(inNamespace('a'), 'same');
    await using b = await stores.content.ingest(inNamespace('b'), 'same');
    assert.notEqual(a.path, b.path);
    assert.deepEqual(
      (await stores.content.ingests(inNamespace('a'))).map(({ ref }) => ref),
      ['same'],
    );
  });

  it('of one share group go on with the ingest of a blob that another had to leave', async () => {
    {
      await using ingest = await stores.content.ingest(inNamespace('moby'), 'r', expected);
      await ingest.write(Buffer.from('sha'));
    }
    const group = inNamespace('k8s.io');
    assert.deepEqual(
      (await stores.content.ingests(group)).map(({ ref, offset }) => [ref, offset]),
      [['r', 3]],
    );
    {
      await using other = await stores.content.ingest(inNamespace('other'), 'r', expected);
      assert.equal(other.offset, 0);
    }
    await using ingest = await stores.content.ingest(group, 'r', expected);
    assert.equal(ingest.offset, 3);
    await assert.rejects(stores.content.ingest(inNamespace('default'), 'r', expected), { code: 'ingest_held' });
    await ingest.write(Buffer.from('red'));
    await ingest.commit(group);
    await stores.content.info(inNamespace('moby'), expected.digest);
    assert.deepEqual(await stores.content.ingests(inNamespace('moby')), []);
  });

  it('refuse a write under a lease that has ended', async () => {
    const lease = await stores.leases.create('default');
    await lease[Symbol.asyncDispose]();
    const ingest = await stores.content.ingest(inNamespace('default'), 'r');
    await assert.rejects(ingest.commit(withLease(inNamespace('default'), lease.id)), { code: 'no_such_lease' });
  });

  it('taken out of the group keep what they saw', async () => {
    await put('moby');
    await stores.metadata.write((tx) => tx.namespaces.put({ name: 'moby', labels: {}, shareGroup: '' }));
    await stores.content.info(inNamespace('moby'), expected.digest);
    await stores.content.info(inNamespace('default'), expected.digest);
  });
});
