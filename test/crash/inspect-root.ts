import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { treeLines, type TreeLines } from '../image/tree.ts';

/** What unpacked layers have to look like, by chain id. */
export type References = ReadonlyMap<string, TreeLines>;

interface SnapshotRow {
  readonly key: string;
  readonly id: number;
  readonly kind: string;
  readonly parent: string;
}

interface Records {
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
  readonly snapshots: readonly SnapshotRow[];
}

/** The trees of all layers of a root folder that nothing has happened to. */
export function readReferences(root: string): References {
  const committed = readRecords(root).snapshots.filter(({ kind }) => kind === 'committed');
  return new Map(committed.map(({ key, id }) => [key, readTree(root, id)]));
}

/**
 * Every blob that is recorded has the bytes of its digest, every layer the tree that it should have, and there is
 * nothing that no record knows. For a daemon that has just started, and so collected, and has done nothing since.
 */
export function checkRoot(root: string, references: References): void {
  const { blobs, snapshots } = readRecords(root);
  for (const { digest, size } of blobs) {
    const bytes = readFileSync(path.join(root, 'content/blobs', digest.replace(':', '/')));
    assert.equal(bytes.length, size, `size of ${digest}`);
    assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest);
  }
  const files = readdirSync(path.join(root, 'content/blobs/sha256')).map((name) => `sha256:${name}`);
  assert.deepEqual(files.toSorted(), blobs.map(({ digest }) => digest).toSorted(), 'files and records of content');
  for (const { key, id, kind } of snapshots) {
    assert.equal(kind, 'committed', `the snapshot ${key} is left over`);
    const reference = references.get(key);
    assert.ok(reference, `an unknown layer ${key}`);
    assert.deepEqual(readTree(root, id), reference, `tree of ${key}`);
  }
  assert.deepEqual(foldersOf(root), snapshots.map(({ id }) => `${id}`).toSorted(), 'folders and records of snapshots');
  assert.deepEqual(readdirSync(path.join(root, 'content/trash')), []);
  assert.deepEqual(readdirSync(path.join(root, 'tmp')), []);
}

/** Ingests without a reference, which nobody could take up. */
export function strayIngests(root: string): string[] {
  const folder = path.join(root, 'content/ingest');
  return readdirSync(folder).filter((name) => !readdirSync(path.join(folder, name)).includes('ref'));
}

function foldersOf(root: string): string[] {
  const names = readdirSync(path.join(root, 'snapshots'));
  // Being deleted behind everything else.
  return names.filter((name) => !name.startsWith('trash-')).toSorted();
}

function readTree(root: string, id: number): TreeLines {
  return treeLines(path.join(root, 'snapshots', String(id), 'fs'), { times: false });
}

function readRecords(root: string): Records {
  const db = new DatabaseSync(path.join(root, 'metadata.db'), { readOnly: true });
  try {
    return {
      blobs: db.prepare('SELECT DISTINCT digest, size FROM blobs').all() as unknown as Records['blobs'],
      snapshots: db.prepare('SELECT key, id, kind, parent FROM snapshots').all() as unknown as SnapshotRow[],
    };
  } finally {
    db.close();
  }
}
