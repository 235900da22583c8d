import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext } from '@berth/model/context';
import { sha256 } from '@berth/model/digest';
import { contentSuite } from '../content-suite.ts';
import { LocalContent } from './local-content.ts';

const context = backgroundContext();

describe('the raw content store', () => {
  contentSuite(
    async () => {
      const root = mkdtempSync(path.join(tmpdir(), 'berth-content-'));
      const close = async (): Promise<void> => rmSync(root, { recursive: true });
      return { store: await LocalContent.open(root), context, reopen: () => LocalContent.open(root), close };
    },
    { labels: false },
  );
});

describe('files of the raw content store', () => {
  let root: string;
  let store: LocalContent;
  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'berth-content-'));
    store = await LocalContent.open(root);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('lie where containerd has them, and cannot be written', async () => {
    const { digest } = await (await store.ingest(context, 'r')).commit(context);
    assert.equal(store.blobPath(digest), path.join(root, 'blobs', 'sha256', digest.slice(7)));
    assert.equal(statSync(store.blobPath(digest)).mode & 0o777, 0o444);
  });

  it('take what a worker appends by itself', async () => {
    await using ingest = await store.ingest(context, 'r');
    await ingest.write(Buffer.from('own, '));
    appendFileSync(ingest.path, 'worker');
    assert.equal((await ingest.commit(context)).digest, sha256('own, worker'));
  });

  it('are replaced when they are damaged', async () => {
    const expected = { digest: sha256('whole'), size: 5 };
    const file = store.blobPath(expected.digest);
    writeFileSync(file, '');
    chmodSync(file, 0o444);
    await using ingest = await store.ingest(context, 'r', expected);
    await ingest.write(Buffer.from('whole'));
    await ingest.commit(context);
    assert.equal(statSync(file).size, 5);
  });

  it('of ingests expire when nobody holds or writes them', async () => {
    const old = await store.ingest(context, 'old');
    const held = await store.ingest(context, 'held');
    for (const { path: file } of [old, held]) {
      utimesSync(file, 1, 1);
      utimesSync(path.join(path.dirname(file), 'ref'), 1, 1);
    }
    await old[Symbol.asyncDispose]();
    await (await store.ingest(context, 'young'))[Symbol.asyncDispose]();
    assert.deepEqual(await store.expireIngests(Date.now() - 60_000), ['old']);
    assert.deepEqual((await store.ingests()).map(({ ref }) => ref).toSorted(), ['held', 'young']);
    await held[Symbol.asyncDispose]();
  });

  it('stay readable for who has them open while they are evicted', async () => {
    const ingest = await store.ingest(context, 'r');
    await ingest.write(Buffer.alloc(2_000_000));
    const { digest, size } = await ingest.commit(context);
    const reader = store.read(context, digest)[Symbol.asyncIterator]();
    let bytes = (await reader.next()).value!.length;
    assert.equal(await store.evict(digest), size);
    assert.equal(store.evict(digest), undefined);
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) bytes += next.value.length;
    assert.equal(bytes, size);
  });
});
