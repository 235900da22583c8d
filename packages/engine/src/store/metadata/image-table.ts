import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Labels } from '../content.ts';
import type { ImageReads, ImageRecord, ImageWrites } from '../metadata.ts';
import type { NamespaceTable } from './namespace-table.ts';

interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly target: string;
  readonly labels: string;
  readonly created_at: number;
  readonly updated_at: number;
}

export interface ImageTable extends ImageReads, ImageWrites {
  /** What names keep alive, once for each namespace and name. Labels are JSON. */
  targets(): { namespace: string; name: string; digest: string; labels: string }[];
}

export function imageTable(db: DatabaseSync, namespaces: NamespaceTable): ImageTable {
  const get = db.prepare('SELECT * FROM images WHERE namespace = ? AND name = ?');
  const list = db.prepare('SELECT * FROM images WHERE namespace = ? ORDER BY name');
  const put = db.prepare(
    `INSERT INTO images VALUES (:namespace, :name, :digest, :target, :labels, :now, :now)
     ON CONFLICT DO UPDATE SET digest = :digest, target = :target, labels = :labels, updated_at = :now`,
  );
  const remove = db.prepare('DELETE FROM images WHERE namespace = ? AND name = ?');
  const targets = db.prepare('SELECT namespace, name, digest, labels FROM images');
  const find = (namespace: string, name: string): ImageRecord | undefined =>
    toRecord(get.get(namespace, name) as Row | undefined);

  return {
    get: find,
    list: (namespace) => (list.all(namespace) as unknown as Row[]).map((row) => toRecord(row)!),
    targets: () => targets.all() as ReturnType<ImageTable['targets']>,
    put({ namespace, name, target, labels }) {
      const before = find(namespace, name);
      namespaces.ensure(namespace);
      const values = {
        name,
        digest: target.digest,
        target: JSON.stringify(target),
        labels: JSON.stringify(labels),
        now: Date.now(),
      };
      for (const sharer of namespaces.sharers(namespace)) put.run({ namespace: sharer, ...values });
      return before;
    },
    delete(namespace, name) {
      const before = find(namespace, name);
      if (before === undefined) {
        throw new BerthError('not_found', `no image ${name} in namespace ${namespace}`, { code: 'no_such_image' });
      }
      remove.run(namespace, name);
      return before;
    },
  };
}

function toRecord(row: Row | undefined): ImageRecord | undefined {
  if (row === undefined) return undefined;
  return {
    namespace: row.namespace,
    name: row.name,
    target: JSON.parse(row.target) as Descriptor,
    labels: JSON.parse(row.labels) as Labels,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
