import type { DatabaseSync } from 'node:sqlite';
import type { PodReads, PodRow, PodWrites } from '../metadata.ts';
import type { NamespaceTable } from './namespace-table.ts';

interface Row {
  readonly id: string;
  readonly namespace: string;
  readonly created_at: number;
  readonly record: string;
}

/** Pods hold nothing that is collected: their containers do. So no write here begins a collection. */
export function podTable(db: DatabaseSync, namespaces: NamespaceTable): PodReads & PodWrites {
  const one = db.prepare('SELECT * FROM pods WHERE id = ?');
  const all = db.prepare('SELECT * FROM pods ORDER BY created_at DESC, id');
  const upsert = db.prepare(
    'INSERT INTO pods VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
  );
  const remove = db.prepare('DELETE FROM pods WHERE id = ?');
  return {
    get(id) {
      const row = one.get(id) as Row | undefined;
      return row === undefined ? undefined : toRow(row);
    },
    list: () => (all.all() as unknown as Row[]).map(toRow),
    put({ namespace, id, createdAt, record }) {
      namespaces.ensure(namespace);
      upsert.run(id, namespace, createdAt, JSON.stringify(record));
    },
    delete(id) {
      remove.run(id);
    },
  };
}

function toRow({ id, namespace, created_at: createdAt, record }: Row): PodRow {
  return { id, namespace, createdAt, record: JSON.parse(record) as unknown };
}
