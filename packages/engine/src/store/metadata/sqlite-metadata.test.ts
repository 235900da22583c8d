import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sha256 } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { ContainerRow } from '../metadata.ts';
import { containerTable } from './container-table.ts';
import { openDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { imageTable } from './image-table.ts';
import { namespaceTable } from './namespace-table.ts';
import { newRecords } from './records.ts';
import { SqliteMetadata } from './sqlite-metadata.ts';

let folder: string;
let file: string;
/** For each test of a suite. Hooks outside of suites would be those of every test of this process: all unit tests. */
function freshFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'berth-metadata-'));
    file = path.join(folder, 'metadata.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
}

const target = (text: string): Descriptor => ({
  mediaType: 'application/json',
  digest: sha256(text),
  size: text.length,
});
const container = (id: string, change: Partial<ContainerRow> = {}): ContainerRow => ({
  namespace: 'default',
  id,
  name: `name-${id}`,
  imageTarget: sha256('image'),
  snapshotKey: id,
  createdAt: 1,
  record: { of: id },
  ...change,
});

describe('write transactions', () => {
  freshFolder();

  let store: SqliteMetadata;
  beforeEach(() => {
    store = SqliteMetadata.open(file);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  it('of one turn share one commit, and are seen only after it', async () => {
    let commits = 0;
    store.beforeCommit = () => (commits += 1);
    const all = ['a', 'b', 'c'].map((id) => store.write((tx) => tx.containers.create(container(id))));
    assert.equal(store.read((tx) => tx.containers.list()).length, 0);
    await Promise.all(all);
    assert.equal(commits, 1);
    assert.equal(store.read((tx) => tx.containers.list()).length, 3);
  });

  it('undo what a failed action did, and nothing else', async () => {
    const good = store.write((tx) => tx.containers.create(container('a')));
    const bad = store.write((tx) => {
      tx.containers.create(container('b'));
      throw new Error('changed my mind');
    });
    const late = store.write((tx) => tx.containers.list().length);
    await assert.rejects(bad, /changed my mind/);
    await good;
    assert.equal(await late, 1);
  });

  it('all fail when the commit fails, and the next ones work', async () => {
    store.beforeCommit = () => {
      throw new Error('no space');
    };
    const writes = ['a', 'b'].map((id) => store.write((tx) => tx.containers.create(container(id))));
    for (const write of writes) await assert.rejects(write, { code: 'commit_failed' });
    store.beforeCommit = () => undefined;
    await store.write((tx) => tx.containers.create(container('a')));
    assert.equal(store.read((tx) => tx.containers.list()).length, 1);
  });

  it('refuse asynchronous actions', async () => {
    await assert.rejects(
      store.write(async () => 1),
      { kind: 'internal' },
    );
  });

  it('that wait when the store closes are committed; later ones are refused', async () => {
    const write = store.write((tx) => tx.containers.create(container('a')));
    await store[Symbol.asyncDispose]();
    await write;
    await assert.rejects(
      store.write(() => 1),
      { code: 'store_closed' },
    );
    store = SqliteMetadata.open(file);
    assert.equal(store.read((tx) => tx.containers.get('a'))?.name, 'name-a');
  });
});

describe('records of containers', () => {
  freshFolder();

  let store: SqliteMetadata;
  beforeEach(() => {
    store = SqliteMetadata.open(file);
  });
  afterEach(() => store[Symbol.asyncDispose]());

  it('come back as they were written', async () => {
    const row = container('ab12', { record: { text: 'ünï', nested: [1, null, { deep: true }] } });
    await store.write((tx) => tx.containers.create(row));
    assert.deepEqual({ ...store.read((tx) => tx.containers.get('ab12')) }, row);
    assert.deepEqual({ ...store.read((tx) => tx.containers.byName('default', 'name-ab12')) }, row);
  });

  it('have ids of their own, and names of their own in a namespace', async () => {
    await store.write((tx) => tx.containers.create(container('a')));
    const create = (row: ContainerRow): Promise<void> => store.write((tx) => tx.containers.create(row));
    await assert.rejects(create(container('a', { name: 'x' })), { code: 'id_in_use' });
    await assert.rejects(create(container('b', { name: 'name-a' })), { code: 'name_in_use' });
    await create(container('b', { name: 'name-a', namespace: 'moby' }));
    await create(container('c'));
    const rename = store.write((tx) => tx.containers.update('c', { name: 'name-a' }));
    await assert.rejects(rename, { code: 'name_in_use' });
    await store.write((tx) => tx.containers.update('c', { name: 'name-c', record: 1 }));
    assert.deepEqual(store.read((tx) => tx.containers.get('c'))?.record, 1);
  });

  it('are found by the start of their id', async () => {
    for (const id of ['ab1', 'ab2', 'ac1', 'b']) await store.write((tx) => tx.containers.create(container(id)));
    const find = (prefix: string, limit = 10): string[] =>
      store.read((tx) => tx.containers.byPrefix('default', prefix, limit)).map(({ id }) => id);
    assert.deepEqual(find('ab'), ['ab1', 'ab2']);
    assert.deepEqual(find('ab1'), ['ab1']);
    assert.deepEqual(find('a', 2), ['ab1', 'ab2']);
    assert.deepEqual(find('%'), []);
  });

  it('are listed newest first, of one namespace or of all', async () => {
    await store.write((tx) => tx.containers.create(container('a', { createdAt: 1 })));
    await store.write((tx) => tx.containers.create(container('b', { createdAt: 3, namespace: 'moby' })));
    await store.write((tx) => tx.containers.create(container('c', { createdAt: 2 })));
    assert.deepEqual(
      store.read((tx) => tx.containers.list()).map(({ id }) => id),
      ['b', 'c', 'a'],
    );
    assert.deepEqual(
      store.read((tx) => tx.containers.list('default')).map(({ id }) => id),
      ['c', 'a'],
    );
    await store.write((tx) => tx.containers.delete('c'));
    await assert.rejects(
      store.write((tx) => tx.containers.delete('c')),
      { kind: 'not_found' },
    );
  });
});

describe('records of images and namespaces', () => {
  freshFolder();

  let store: SqliteMetadata;
  beforeEach(() => {
    store = SqliteMetadata.open(file);
  });
  afterEach(() => store[Symbol.asyncDispose]());
  const put = (namespace: string, name: string, text: string) =>
    store.write((tx) => tx.images.put({ namespace, name, target: target(text), labels: { a: text } }));
  const digestIn = (namespace: string, name: string) =>
    store.read((tx) => tx.images.get(namespace, name))?.target.digest;

  it('are written to all namespaces of the share group, and deleted in one', async () => {
    assert.equal(await put('moby', 'busybox', '1'), undefined);
    assert.equal(digestIn('k8s.io', 'busybox'), sha256('1'));
    assert.equal((await put('default', 'busybox', '2'))?.target.digest, sha256('1'));
    assert.equal(digestIn('moby', 'busybox'), sha256('2'));
    await store.write((tx) => tx.images.delete('k8s.io', 'busybox'));
    assert.deepEqual(
      ['default', 'moby', 'k8s.io'].map((namespace) => digestIn(namespace, 'busybox') !== undefined),
      [true, true, false],
    );
    await assert.rejects(
      store.write((tx) => tx.images.delete('k8s.io', 'busybox')),
      { code: 'no_such_image' },
    );
  });

  it('stay in their namespace when it is in no group', async () => {
    await put('other', 'busybox', '1');
    assert.equal(digestIn('default', 'busybox'), undefined);
    assert.deepEqual(
      store.read((tx) => tx.namespaces.get('other')),
      { name: 'other', labels: {}, shareGroup: '' },
    );
  });

  it('say which namespace of the group asked for them, the others until they ask themselves', async () => {
    const originIn = (namespace: string) => store.read((tx) => tx.images.get(namespace, 'busybox'))?.origin;
    await put('k8s.io', 'busybox', '1');
    assert.deepEqual(['k8s.io', 'moby'].map(originIn), ['k8s.io', 'k8s.io']);
    await put('moby', 'busybox', '2');
    assert.deepEqual(['k8s.io', 'moby', 'default'].map(originIn), ['k8s.io', 'moby', 'k8s.io']);
  });

  it('keep the time of their creation when the name moves', async () => {
    await put('other', 'busybox', '1');
    const before = store.read((tx) => tx.images.get('other', 'busybox'));
    await new Promise((resolve) => setTimeout(resolve, 2));
    await put('other', 'busybox', '2');
    const after = store.read((tx) => tx.images.get('other', 'busybox'));
    assert.equal(after?.createdAt, before?.createdAt);
    assert.ok(after!.updatedAt > before!.updatedAt);
  });

  it('keep a namespace from being deleted', async () => {
    const drop = () => store.write((tx) => tx.namespaces.delete('other'));
    await assert.rejects(drop(), { kind: 'not_found' });
    await put('other', 'busybox', '1');
    await assert.rejects(drop(), { code: 'not_empty' });
    await store.write((tx) => tx.images.delete('other', 'busybox'));
    await drop();
  });
});

describe('images by digest', () => {
  freshFolder();

  let store: SqliteMetadata;
  beforeEach(() => (store = SqliteMetadata.open(file)));
  afterEach(() => store[Symbol.asyncDispose]());
  const digest = (text: string) => sha256(text);
  const blob = (text: string, labels: Record<string, string> = {}): Promise<unknown> =>
    store.write((tx) => tx.blobs.put('group/default', { digest: digest(text), size: 1, labels }));
  const found = (start: string, by: 'byTarget' | 'byConfig'): string[] =>
    store.read((tx) => tx.images[by]('default', start).map(({ name }) => name));

  it('are found by the start of their target’s, and of their config’s through manifests and indexes', async () => {
    await blob('manifest', {
      'containerd.io/gc.ref.content.config': digest('config'),
      'containerd.io/gc.ref.content.l.0': digest('layer'),
    });
    await blob('index', { 'containerd.io/gc.ref.content.m.0': digest('manifest') });
    for (const name of ['manifest', 'index']) {
      const described = { mediaType: 'm', digest: digest(name), size: 1 };
      await store.write((tx) => tx.images.put({ namespace: 'default', name, target: described, labels: {} }));
    }
    assert.deepEqual(found(digest('index').slice(0, 20), 'byTarget'), ['index']);
    assert.deepEqual(found(digest('config').slice(0, 20), 'byTarget'), []);
    assert.deepEqual(found(digest('config').slice(0, 20), 'byConfig').toSorted(), ['index', 'manifest']);
    assert.deepEqual(found(digest('layer'), 'byConfig'), []);
    assert.deepEqual(found(digest('manifest'), 'byConfig'), []);
    await store.write((tx) =>
      tx.blobs.label('group/default', digest('manifest'), { 'containerd.io/gc.ref.content.config': '' }),
    );
    assert.deepEqual(found(digest('config'), 'byConfig'), []);
  });
});

describe('what all blobs and layers take', () => {
  freshFolder();

  it('counts each blob once, however many scopes see it', async () => {
    await using store = SqliteMetadata.open(file);
    const total = () => store.read((tx) => ({ ...tx.blobs.total() }));
    const put = (scope: string, text: string, size: number): Promise<unknown> =>
      store.write((tx) => tx.blobs.put(scope, { digest: sha256(text), size, labels: {} }));
    assert.deepEqual(total(), { bytes: 0, blobs: 0 });
    await put('group/default', 'a', 10);
    await put('group/default', 'b', 20);
    assert.deepEqual(total(), { bytes: 30, blobs: 2 });
    await put('namespace/other', 'a', 10);
    await put('namespace/other', 'c', 5);
    assert.deepEqual(total(), { bytes: 35, blobs: 3 });
    await store.write((tx) => tx.blobs.delete('group/default', sha256('a')));
    assert.deepEqual(total(), { bytes: 35, blobs: 3 });
    await store.write((tx) => tx.blobs.delete('namespace/other', sha256('a')));
    assert.deepEqual(total(), { bytes: 25, blobs: 2 });
  });

  it('counts committed layers as they were when they were committed', async () => {
    await using store = SqliteMetadata.open(file);
    const layer = { id: 1, driver: 'overlayfs', namespace: 'default', kind: 'active', parent: '', labels: {} } as const;
    await store.write((tx) => tx.snapshots.create({ ...layer, key: 'one' }));
    assert.deepEqual({ ...store.read((tx) => tx.snapshots.total()) }, { bytes: 0, inodes: 0 });
    const summary = { inodes: 3, diskBytes: 4096, fileBytes: 10, emptyFiles: 0 };
    await store.write((tx) => tx.snapshots.commit('one', 'layer', { labels: {}, summary }));
    assert.deepEqual({ ...store.read((tx) => tx.snapshots.total()) }, { bytes: 4096, inodes: 3 });
  });
});

describe('a database file', () => {
  freshFolder();

  it('is for its owner only', async () => {
    const store = SqliteMetadata.open(file);
    await store.write((tx) => tx.containers.create(container('a')));
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(file + suffix).mode & 0o777, 0o600);
    await store[Symbol.asyncDispose]();
  });

  it('that cannot grow fails the writes that need it to, and takes others', async () => {
    const db = openDatabase(file);
    const records = newRecords();
    const namespaces = namespaceTable(db, records);
    const images = imageTable(db, namespaces, records);
    const tables = containerTable(db, { ...records, namespaces, images });
    const commits = new GroupCommit(db, () => undefined);
    const size = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
    db.exec(`PRAGMA max_page_count = ${size + 3}`);
    const large = commits.write(() => tables.create(container('a', { record: 'x'.repeat(100_000) })));
    await assert.rejects(large, { kind: 'resource_exhausted', code: 'commit_failed' });
    await commits.write(() => tables.create(container('b')));
    assert.deepEqual(
      tables.list().map(({ id }) => id),
      ['b'],
    );
    commits.close();
    db.close();
  });

  it('that is damaged is named, and left as it is', () => {
    writeFileSync(file, 'this is not a database, '.repeat(100));
    const before = readFileSync(file);
    assert.throws(
      () => SqliteMetadata.open(file),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'corrupt_database');
        assert.ok(error.message.includes(file) && error.hint!.includes(file));
        return true;
      },
    );
    assert.deepEqual(readFileSync(file), before);
  });

  it('with a damaged page is named, and left as it is', async () => {
    const store = SqliteMetadata.open(file);
    for (let n = 0; n < 200; n++)
      void store.write((tx) => tx.containers.create(container(`c${n}`, { record: 'x'.repeat(500) })));
    await store[Symbol.asyncDispose]();
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 5, 4096 * 12);
    writeFileSync(file, bytes);
    assert.throws(() => SqliteMetadata.open(file), { code: 'corrupt_database' });
    assert.deepEqual(readFileSync(file), bytes);
  });

  it('of a newer version is left as it is', async () => {
    await SqliteMetadata.open(file)[Symbol.asyncDispose]();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 999');
    db.close();
    const before = readFileSync(file);
    assert.throws(() => SqliteMetadata.open(file), { code: 'newer_database' });
    assert.deepEqual(readFileSync(file), before);
  });

  it('of another program is left as it is', () => {
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE other (x)');
    db.close();
    const before = readFileSync(file);
    assert.throws(() => SqliteMetadata.open(file), { code: 'foreign_database' });
    assert.deepEqual(readFileSync(file), before);
  });

  it('of an open that was killed before its first commit is filled', async () => {
    writeFileSync(file, '');
    await SqliteMetadata.open(file)[Symbol.asyncDispose]();
  });
});
