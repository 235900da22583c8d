import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { ContainerReads, ContainerRow, ContainerWrites } from '../metadata.ts';
import type { ImageTable } from './image-table.ts';
import type { NamespaceTable } from './namespace-table.ts';
import type { Records } from './records.ts';

interface Row {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly image_target: string;
  readonly snapshot_key: string;
  readonly created_at: number;
  readonly record: string;
}

export interface ContainerTable extends ContainerReads, ContainerWrites {
  /** What containers keep alive. */
  needs(): { id: string; namespace: string; image_target: string; snapshot_key: string }[];
}

export interface ContainerTableParts extends Records {
  readonly namespaces: NamespaceTable;
  readonly images: ImageTable;
}

export function containerTable(
  db: DatabaseSync,
  { namespaces, images, mutations }: ContainerTableParts,
): ContainerTable {
  const { get, byName, byPrefix, all, ofNamespace, insert, update, remove, needs } = statements(db);
  const find = (id: string): Row => {
    const row = get.get(id) as Row | undefined;
    if (row === undefined) throw new BerthError('not_found', `no container ${id}`, { code: 'no_such_container' });
    return row;
  };
  const checkName = (namespace: string, name: string): void => {
    const holder = byName.get(namespace, name) as Row | undefined;
    if (holder !== undefined) throw inUse('name', name, `container ${holder.id}`);
  };

  return {
    get: (id) => toRow(get.get(id) as Row | undefined),
    byName: (namespace, name) => toRow(byName.get(namespace, name) as Row | undefined),
    byPrefix: (n, p, limit) => (byPrefix.all({ n, p, limit }) as unknown as Row[]).map((row) => toRow(row)!),
    list(namespace) {
      const rows = namespace === undefined ? all.all() : ofNamespace.all(namespace);
      return (rows as unknown as Row[]).map((row) => toRow(row)!);
    },
    needs: () => needs.all() as ReturnType<ContainerTable['needs']>,
    create({ id, namespace, name, imageTarget, snapshotKey, createdAt, record }) {
      if (get.get(id) !== undefined) throw inUse('id', id, 'another container');
      checkName(namespace, name);
      namespaces.ensure(namespace);
      insert.run(id, namespace, name, imageTarget, snapshotKey, createdAt, JSON.stringify(record));
      mutations.change();
    },
    update(id, change) {
      const before = find(id);
      const name = change.name ?? before.name;
      if (name !== before.name) checkName(before.namespace, name);
      update.run(name, change.record === undefined ? before.record : JSON.stringify(change.record), id);
    },
    delete(id) {
      const before = find(id);
      remove.run(id);
      // Most often the image stays, and with it all that the container held but its own layer.
      if (before.image_target === '' || images.isTarget(before.image_target)) mutations.change();
      else mutations.deletion();
      return toRow(before)!;
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    get: db.prepare('SELECT * FROM containers WHERE id = ?'),
    byName: db.prepare('SELECT * FROM containers WHERE namespace = ? AND name = ?'),
    // Ids are hexadecimal, so 'g' ends the range of a prefix.
    byPrefix: db.prepare(
      "SELECT * FROM containers WHERE id >= :p AND id < :p || 'g' AND namespace = :n ORDER BY id LIMIT :limit",
    ),
    all: db.prepare('SELECT * FROM containers ORDER BY created_at DESC, id'),
    ofNamespace: db.prepare('SELECT * FROM containers WHERE namespace = ? ORDER BY created_at DESC, id'),
    insert: db.prepare('INSERT INTO containers VALUES (?, ?, ?, ?, ?, ?, ?)'),
    update: db.prepare('UPDATE containers SET name = ?, record = ? WHERE id = ?'),
    remove: db.prepare('DELETE FROM containers WHERE id = ?'),
    needs: db.prepare('SELECT id, namespace, image_target, snapshot_key FROM containers'),
  };
}

/** The record's JSON is parsed when it is asked for: a list of names does not pay for hundreds of specs. */
function toRow(row: Row | undefined): ContainerRow | undefined {
  if (row === undefined) return undefined;
  let record: unknown;
  let isParsed = false;
  return {
    namespace: row.namespace,
    id: row.id,
    name: row.name,
    imageTarget: row.image_target,
    snapshotKey: row.snapshot_key,
    createdAt: row.created_at,
    get record(): unknown {
      if (!isParsed) record = JSON.parse(row.record);
      isParsed = true;
      return record;
    },
  };
}

function inUse(what: 'id' | 'name', value: string, holder: string): BerthError {
  return new BerthError('already_exists', `the ${what} ${value} is in use by ${holder}`, { code: `${what}_in_use` });
}
