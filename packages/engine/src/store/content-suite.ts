import assert from 'node:assert/strict';
import { afterEach, beforeEach, it } from 'node:test';
import type { CallContext } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import { isKind, type ErrorKind } from '@berth/model/error';
import type { BlobInfo, ContentStore, Expected } from './content.ts';

/** A store that is empty and the suite's own. */
export interface SuiteContent {
  readonly store: ContentStore;
  readonly context: CallContext;
  /** Closes it and opens it again on the same data. */
  reopen(): Promise<ContentStore>;
  close(): Promise<void>;
}

export interface ContentTraits {
  /** Whether the implementation keeps labels. */
  readonly labels: boolean;
}

/** What every ContentStore does; to be called inside a `describe`. */
// oxlint-disable-next-line max-lines-per-function -- a suite is a list of tests
export function contentSuite(open: () => Promise<SuiteContent>, traits: ContentTraits): void {
  let content: SuiteContent;
  let store: ContentStore;
  let context: CallContext;
  beforeEach(async () => {
    content = await open();
    ({ store, context } = content);
  });
  afterEach(() => content.close());

  const put = async (text: string, expected?: Expected): Promise<BlobInfo> => {
    await using ingest = await store.ingest(context, `put-${text.slice(0, 20)}`, expected);
    await ingest.write(Buffer.from(text));
    return await ingest.commit(context, expected);
  };
  const readText = async (digest: Digest, range?: { offset: number; length?: number }): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read(context, digest, range)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it('gives back the bytes of a committed ingest under their digest', async () => {
    const { digest, size } = await put('hello');
    assert.deepEqual({ digest, size }, { digest: sha256('hello'), size: 5 });
    assert.equal(await readText(digest), 'hello');
    assert.equal(Buffer.from(await store.readAll(context, digest)).toString(), 'hello');
    assert.equal((await store.info(context, digest)).size, 5);
  });

  it('keeps the empty blob', async () => {
    const { digest } = await put('');
    assert.equal((await store.readAll(context, digest)).length, 0);
  });

  it('reads ranges, up to the end', async () => {
    const { digest } = await put('0123456789');
    assert.equal(await readText(digest, { offset: 3, length: 4 }), '3456');
    assert.equal(await readText(digest, { offset: 8 }), '89');
    assert.equal(await readText(digest, { offset: 8, length: 100 }), '89');
    assert.equal(await readText(digest, { offset: 10 }), '');
    await rejects(readText(digest, { offset: 11 }), 'out_of_range');
    await rejects(readText(digest, { offset: -1 }), 'out_of_range');
  });

  it('reads large blobs in large chunks', async () => {
    const { digest } = await put('x'.repeat(1_000_000));
    let first = 0;
    for await (const chunk of store.read(context, digest)) first ||= chunk.length;
    assert.ok(first >= 256 * 1024);
  });

  it('refuses to read more into memory than allowed', async () => {
    const { digest } = await put('0123456789');
    await rejects(store.readAll(context, digest, 9), 'resource_exhausted');
  });

  it('says not_found for what is not there', async () => {
    const digest = sha256('never written');
    await rejects(store.info(context, digest), 'not_found');
    await rejects(readText(digest), 'not_found');
    await rejects(store.readAll(context, digest), 'not_found');
    await rejects(store.delete(context, digest), 'not_found');
    await rejects(store.abort(context, 'no such ref'), 'not_found');
  });

  it('lists blobs in digest order, and forgets deleted ones', async () => {
    const digests: Digest[] = [];
    for (const text of ['a', 'b', 'c']) digests.push((await put(text)).digest);
    assert.deepEqual(await listed(), digests.toSorted());
    await store.delete(context, digests[1]!);
    assert.deepEqual(await listed(), [digests[0]!, digests[2]!].toSorted());
  });

  it('answers already_exists to an ingest of what is there, and success to a commit of it', async () => {
    const expected = { digest: sha256('twice'), size: 5 };
    await using late = await store.ingest(context, 'late', expected);
    await put('twice', expected);
    await rejects(store.ingest(context, 'other', expected), 'already_exists');
    await late.write(Buffer.from('twice'));
    assert.equal((await late.commit(context)).digest, expected.digest);
    assert.deepEqual(await store.ingests(context), []);
  });

  it('removes an ingest whose bytes are not what was expected', async () => {
    await rejects(put('bytes', { digest: sha256('other bytes') }), 'data_loss', 'digest_mismatch');
    await rejects(put('bytes', { size: 4 }), 'data_loss', 'size_mismatch');
    assert.deepEqual(await store.ingests(context), []);
    assert.deepEqual(await listed(), []);
  });

  it('believes what a worker measured, but not another size than the file has', async () => {
    const ingest = await store.ingest(context, 'worker');
    await ingest.write(Buffer.from('12345'));
    const verified = { digest: sha256('12345'), size: 6 };
    await rejects(ingest.commit(context, {}, { verified }), 'data_loss', 'size_mismatch');
    const again = await store.ingest(context, 'worker');
    assert.equal(again.offset, 0);
    await again.write(Buffer.from('12345'));
    assert.equal((await again.commit(context, {}, { verified: { ...verified, size: 5 } })).digest, verified.digest);
  });

  it('lets one writer at a time hold a reference', async () => {
    const first = await store.ingest(context, 'held');
    await rejects(store.ingest(context, 'held'), 'unavailable');
    await first[Symbol.asyncDispose]();
    await using second = await store.ingest(context, 'held');
    assert.equal(second.ref, 'held');
  });

  it('resumes an ingest at its offset, also after the store was opened again', async () => {
    const expected = { digest: sha256('first second'), size: 12 };
    {
      await using ingest = await store.ingest(context, 'resumed', expected);
      await ingest.write(Buffer.from('first '));
    }
    store = await content.reopen();
    const [status] = await store.ingests(context);
    assert.deepEqual([status?.ref, status?.offset, status?.expected], ['resumed', 6, expected]);
    await using ingest = await store.ingest(context, 'resumed', expected);
    assert.equal(ingest.offset, 6);
    await ingest.write(Buffer.from('second'));
    await ingest.commit(context);
    assert.equal(await readText(expected.digest), 'first second');
  });

  it('starts again after truncate', async () => {
    await using ingest = await store.ingest(context, 'truncated');
    await ingest.write(Buffer.from('wrong'));
    await ingest.truncate(2);
    await ingest.write(Buffer.from('ist'));
    await ingest.truncate(0);
    await ingest.write(Buffer.from('right'));
    assert.equal((await ingest.commit(context)).digest, sha256('right'));
  });

  it('aborts', async () => {
    await (await store.ingest(context, 'aborted'))[Symbol.asyncDispose]();
    await store.abort(context, 'aborted');
    assert.deepEqual(await store.ingests(context), []);
  });

  it('keeps blobs when it is opened again', async () => {
    const { digest } = await put('kept');
    store = await content.reopen();
    assert.equal(await readText(digest), 'kept');
  });

  if (traits.labels) {
    it('sets labels at commit, replaces them, and removes those with an empty value', async () => {
      const ingest = await store.ingest(context, 'labelled');
      const { digest, labels } = await ingest.commit(context, {}, { labels: { a: '1', b: '2' } });
      assert.deepEqual(labels, { a: '1', b: '2' });
      await store.label(context, digest, { a: '', b: '3', c: '4' });
      assert.deepEqual((await store.info(context, digest)).labels, { b: '3', c: '4' });
      await rejects(store.label(context, sha256('nothing'), { a: '1' }), 'not_found');
    });
  }

  async function listed(): Promise<Digest[]> {
    const digests: Digest[] = [];
    for await (const { digest } of store.list(context)) digests.push(digest);
    return digests;
  }
}

async function rejects(promise: Promise<unknown>, kind: ErrorKind, code?: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isKind(error, kind), `expected ${kind}, got ${String(error)}`);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  });
}
