import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Labels } from '../content.ts';
import type { NamespaceReads, NamespaceRecord, NamespaceWrites } from '../metadata.ts';

/** Namespaces, and who sees what through their share groups. */
export interface NamespaceTable extends NamespaceReads, NamespaceWrites {
  /** Makes the record when there is none: namespaces come into being with the first write. */
  ensure(name: string): void;
  /** The namespace itself and the others of its share group. */
  sharers(name: string): string[];
  /** Who sees this namespace's blobs: `group/NAME`, or `namespace/NAME` outside of every group. */
  scope(name: string): string;
}

interface Row {
  readonly name: string;
  readonly labels: string;
  readonly share_group: string;
}

export function namespaceTable(db: DatabaseSync): NamespaceTable {
  const get = db.prepare('SELECT * FROM namespaces WHERE name = ?');
  const list = db.prepare('SELECT * FROM namespaces ORDER BY name');
  const members = db.prepare('SELECT name FROM namespaces WHERE share_group = ? ORDER BY name');
  const insert = db.prepare('INSERT OR REPLACE INTO namespaces VALUES (?, ?, ?)');
  const remove = db.prepare('DELETE FROM namespaces WHERE name = ?');
  const copyBlobs = db.prepare(
    `INSERT OR IGNORE INTO blobs (scope, digest, size, labels, created_at, updated_at)
     SELECT ?, digest, size, labels, created_at, updated_at FROM blobs WHERE scope = ?`,
  );
  const dropBlobs = db.prepare('DELETE FROM blobs WHERE scope = ?');
  const contents = db.prepare(
    `SELECT EXISTS (SELECT 1 FROM images WHERE namespace = :n) OR EXISTS (SELECT 1 FROM containers WHERE namespace = :n)
       OR EXISTS (SELECT 1 FROM leases WHERE namespace = :n) OR EXISTS (SELECT 1 FROM blobs WHERE scope = 'namespace/' || :n) AS some`,
  );
  const groupOf = (name: string): string => (get.get(name) as Row | undefined)?.share_group ?? '';
  const scope = (name: string): string => scopeOf(name, groupOf(name));

  return {
    get: (name) => toRecord(get.get(name) as Row | undefined),
    list: () => (list.all() as unknown as Row[]).map((row) => toRecord(row)!),
    scope,
    sharers(name) {
      const group = groupOf(name);
      if (group === '') return [name];
      return members.all(group).map((row) => String(row['name']));
    },
    ensure(name) {
      if (get.get(name) === undefined) insert.run(name, '{}', '');
    },
    put({ name, labels, shareGroup }) {
      const before = scope(name);
      insert.run(name, JSON.stringify(labels), shareGroup);
      const after = scope(name);
      if (before === after) return;
      // What the namespace saw it still sees; the collector drops what nothing there refers to.
      copyBlobs.run(after, before);
      if (!before.startsWith('group/')) dropBlobs.run(before);
    },
    delete(name) {
      if (get.get(name) === undefined) throw new BerthError('not_found', `no such namespace: ${name}`);
      if (contents.get({ n: name })?.['some'] === 1) {
        throw new BerthError('failed_precondition', `namespace ${name} is not empty`, {
          code: 'not_empty',
          hint: 'remove its images, containers, content and leases first',
        });
      }
      remove.run(name);
    },
  };
}

function scopeOf(name: string, group: string): string {
  return group === '' ? `namespace/${name}` : `group/${group}`;
}

function toRecord(row: Row | undefined): NamespaceRecord | undefined {
  if (row === undefined) return undefined;
  return { name: row.name, labels: JSON.parse(row.labels) as Labels, shareGroup: row.share_group };
}
