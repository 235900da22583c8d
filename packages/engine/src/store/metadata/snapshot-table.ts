import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Labels } from '../content.ts';
import type { LayerReads, LayerUse } from '../metadata.ts';
import type { SnapshotInfo } from '../snapshot.ts';
import type { Records } from './records.ts';

/** A snapshot as recorded. */
export interface SnapshotRecord extends SnapshotInfo {
  /** Names its folder. */
  readonly id: number;
  readonly driver: string;
  /** Who made it. Snapshots are one space for all namespaces: layers are shared. */
  readonly namespace: string;
  /** Of committed ones. */
  readonly summary?: TreeSummary;
}

/** What a tree held when it was committed: enough to see that a crash took something away. */
export interface TreeSummary {
  readonly inodes: number;
  /** By blocks. */
  readonly diskBytes: number;
  /** By the sizes of regular files. */
  readonly fileBytes: number;
  readonly emptyFiles: number;
}

export interface SnapshotCommit {
  readonly labels: Labels;
  readonly summary: TreeSummary;
  /** For a snapshot without one. */
  readonly parent?: string;
}

export interface SnapshotTable extends LayerReads {
  get(key: string): SnapshotRecord | undefined;
  /** @throws not_found */
  find(key: string): SnapshotRecord;
  page(after: string, limit: number): SnapshotRecord[];
  all(): SnapshotRecord[];
  /** Every one with what it may refer to, for the collector. Labels are JSON. */
  edges(): { key: string; parent: string; namespace: string; labels: string }[];
  children(parent: string): SnapshotRecord[];
  /** Whether a record with this folder is there. */
  hasId(id: number): boolean;
  /** @throws already_exists, not_found (parent), failed_precondition (`parent_not_committed`) */
  create(record: Omit<SnapshotRecord, 'createdAt' | 'updatedAt' | 'summary'>): void;
  /** @throws not_found, already_exists (name), failed_precondition (`not_active`, `has_parent`, `parent_not_committed`) */
  commit(key: string, name: string, options: SnapshotCommit): void;
  /** Another key, for its children too. */
  rename(key: string, to: string): void;
  /** @throws not_found, failed_precondition (`has_children`) */
  delete(key: string): SnapshotRecord;
  /** Without any check: for the collector, which takes whole families. */
  drop(key: string): void;
}

interface Row {
  readonly key: string;
  readonly id: number;
  readonly driver: string;
  readonly namespace: string;
  readonly kind: SnapshotInfo['kind'];
  readonly parent: string;
  readonly labels: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly inodes: number | null;
  readonly disk_bytes: number;
  readonly file_bytes: number;
  readonly empty_files: number;
}

export function snapshotTable(db: DatabaseSync, { mutations, now }: Records): SnapshotTable {
  const { get, page, all, edges, children, hasId, insert, commit, renameSelf, renameParent, remove } = statements(db);
  const peek = (key: string): SnapshotRecord | undefined => toRecord(get.get(key) as Row | undefined);
  const find = (key: string): SnapshotRecord => peek(key) ?? missing(key);

  return {
    get: peek,
    find,
    page: (after, limit) => records(page.all(after, limit)),
    all: () => records(all.all()),
    ...layerReads(db),
    edges: () => edges.all() as ReturnType<SnapshotTable['edges']>,
    children: (parent) => records(children.all(parent)),
    hasId: (id) => hasId.get(id) !== undefined,
    create({ key, id, driver, namespace, kind, parent, labels }) {
      checkFree(peek(key), key);
      if (parent !== '') checkParent(find(parent));
      insert.run({ key, id, driver, namespace, kind, parent, labels: JSON.stringify(labels), now: now() });
      mutations.change();
    },
    commit(key, name, { labels, summary, parent }) {
      const before = find(key);
      checkActive(before);
      if (name !== key) checkFree(peek(name), name);
      if (parent !== undefined) checkNewParent(before, find(parent));
      const merged = JSON.stringify({ ...before.labels, ...labels });
      commit.run({ key, name, parent: parent ?? before.parent, labels: merged, now: now(), ...summary });
      mutations.change();
    },
    rename(key, to) {
      checkFree(peek(to), to);
      renameSelf.run(to, find(key).key);
      renameParent.run(to, key);
    },
    delete(key) {
      const before = find(key);
      const child = records(children.all(key))[0];
      if (child !== undefined) {
        throw new BerthError('failed_precondition', `snapshot ${key} is the parent of ${child.key}`, {
          code: 'has_children',
          hint: 'remove the snapshots on top of it first',
        });
      }
      remove.run(key);
      mutations.change();
      return before;
    },
    drop: (key) => void remove.run(key),
  };
}

function layerReads(db: DatabaseSync): LayerReads {
  const columns = "parent, coalesce(disk_bytes, 0) AS bytes FROM snapshots WHERE kind = 'committed'";
  const one = db.prepare(`SELECT ${columns} AND key = ?`);
  const all = db.prepare(`SELECT key, ${columns}`);
  const total = db.prepare(
    `SELECT coalesce(sum(disk_bytes), 0) AS bytes, coalesce(sum(inodes), 0) AS inodes
     FROM snapshots WHERE kind = 'committed'`,
  );
  return {
    use: (key) => one.get(key) as LayerUse | undefined,
    total: () => total.get() as unknown as ReturnType<LayerReads['total']>,
    uses: () => new Map((all.all() as unknown as (LayerUse & { key: string })[]).map((row) => [row.key, row])),
  };
}

function statements(db: DatabaseSync) {
  return {
    get: db.prepare('SELECT * FROM snapshots WHERE key = ?'),
    page: db.prepare('SELECT * FROM snapshots WHERE key > ? ORDER BY key LIMIT ?'),
    all: db.prepare('SELECT * FROM snapshots ORDER BY id'),
    edges: db.prepare('SELECT key, parent, namespace, labels FROM snapshots'),
    children: db.prepare('SELECT * FROM snapshots WHERE parent = ? ORDER BY id'),
    hasId: db.prepare('SELECT 1 FROM snapshots WHERE id = ?'),
    insert: db.prepare(
      `INSERT INTO snapshots (key, id, driver, namespace, kind, parent, labels, created_at, updated_at)
     VALUES (:key, :id, :driver, :namespace, :kind, :parent, :labels, :now, :now)`,
    ),
    commit: db.prepare(
      `UPDATE snapshots SET key = :name, kind = 'committed', parent = :parent, labels = :labels, updated_at = :now,
       inodes = :inodes, disk_bytes = :diskBytes, file_bytes = :fileBytes, empty_files = :emptyFiles WHERE key = :key`,
    ),
    renameSelf: db.prepare('UPDATE snapshots SET key = ? WHERE key = ?'),
    renameParent: db.prepare('UPDATE snapshots SET parent = ? WHERE parent = ?'),
    remove: db.prepare('DELETE FROM snapshots WHERE key = ?'),
  };
}

function checkFree(holder: SnapshotRecord | undefined, key: string): void {
  if (holder === undefined) return;
  throw snapshotExists(key);
}

export function snapshotExists(key: string): BerthError {
  return new BerthError('already_exists', `snapshot ${key} exists`, { code: 'snapshot_exists' });
}

function checkActive({ kind, key }: SnapshotRecord): void {
  if (kind === 'active') return;
  throw new BerthError('failed_precondition', `snapshot ${key} is not active`, { code: 'not_active' });
}

function checkParent({ kind, key }: SnapshotRecord): void {
  if (kind === 'committed') return;
  throw new BerthError('failed_precondition', `snapshot ${key} is not committed and can not be a parent`, {
    code: 'parent_not_committed',
  });
}

function checkNewParent({ key, parent }: SnapshotRecord, wanted: SnapshotRecord): void {
  checkParent(wanted);
  if (parent === '') return;
  throw new BerthError('failed_precondition', `snapshot ${key} has the parent ${parent} already`, {
    code: 'has_parent',
  });
}

function missing(key: string): never {
  throw new BerthError('not_found', `no snapshot ${key}`, { code: 'no_such_snapshot' });
}

function records(rows: unknown): SnapshotRecord[] {
  return (rows as Row[]).map((row) => toRecord(row)!);
}

function toRecord(row: Row | undefined): SnapshotRecord | undefined {
  if (row === undefined) return undefined;
  const { key, id, driver, namespace, kind, parent, inodes } = row;
  return {
    key,
    id,
    driver,
    namespace,
    kind,
    parent,
    labels: JSON.parse(row.labels) as Labels,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    ...(inodes === null
      ? {}
      : { summary: { inodes, diskBytes: row.disk_bytes, fileBytes: row.file_bytes, emptyFiles: row.empty_files } }),
  };
}
