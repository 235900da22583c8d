import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Labels } from '../content.ts';
import type { ImageReads, ImageRecord, ImageWrites } from '../metadata.ts';
import { expireLabel, expiryOf } from './expiry.ts';
import type { NamespaceTable } from './namespace-table.ts';
import type { Records } from './records.ts';

interface Row {
  readonly namespace: string;
  readonly name: string;
  readonly target: string;
  readonly labels: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly origin: string;
}

export interface ImageTable extends ImageReads, ImageWrites {
  /** What names keep alive, once for each namespace and name. Labels are JSON. */
  targets(): { namespace: string; name: string; digest: string; labels: string }[];
  /** Whether any name of any namespace points at this digest. */
  isTarget(digest: string): boolean;
  /** Those whose labels say when their life ends. */
  expiring(): { namespace: string; name: string; labels: string }[];
  /** When the next image's life ends, ms since 1970. */
  nextExpiry(): number | undefined;
  /** For the collector. */
  drop(namespace: string, name: string): void;
}

export function imageTable(db: DatabaseSync, namespaces: NamespaceTable, { mutations, now }: Records): ImageTable {
  const { get, list, between, put, remove, targets, isTarget, expiring, byTarget, byConfig } = statements(db);
  const find = (namespace: string, name: string): ImageRecord | undefined =>
    toRecord(get.get(namespace, name) as Row | undefined);

  return {
    get: find,
    list: (namespace) => records(list.all(namespace)),
    // What ':' and '@' begin ends before the characters that come next, ';' and 'A'.
    ofRepository: (namespace, name) => [
      ...records(between.all(namespace, `${name}:`, `${name};`)),
      ...records(between.all(namespace, `${name}@`, `${name}A`)),
    ],
    byTarget: (namespace, start) => records(byTarget.all(namespace, start, endOf(start))),
    byConfig: (namespace, from) =>
      records(byConfig.all({ namespace, scope: namespaces.scope(namespace), from, to: endOf(from) })),
    targets: () => targets.all() as ReturnType<ImageTable['targets']>,
    isTarget: (digest) => isTarget.get(digest) !== undefined,
    expiring: () => expiring.all() as ReturnType<ImageTable['expiring']>,
    nextExpiry() {
      const times = expiring.all().map(({ labels }) => expiryOf(JSON.parse(String(labels)) as Labels) ?? 0);
      const next = Math.min(...times.filter((time) => time > now()));
      return next === Infinity ? undefined : next;
    },
    drop: (namespace, name) => void remove.run(namespace, name),
    put({ namespace, name, target, labels }) {
      const before = find(namespace, name);
      namespaces.ensure(namespace);
      const values = {
        name,
        digest: target.digest,
        target: JSON.stringify(target),
        labels: JSON.stringify(labels),
        now: now(),
      };
      for (const sharer of namespaces.sharers(namespace)) put.run({ namespace: sharer, ...values, origin: namespace });
      mutations.change();
      return before;
    },
    delete(namespace, name) {
      const before = find(namespace, name);
      if (before === undefined) {
        throw new BerthError('not_found', `no image ${name} in namespace ${namespace}`, { code: 'no_such_image' });
      }
      remove.run(namespace, name);
      mutations.deletion();
      return before;
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    get: db.prepare('SELECT * FROM images WHERE namespace = ? AND name = ?'),
    list: db.prepare('SELECT * FROM images WHERE namespace = ? ORDER BY name'),
    between: db.prepare('SELECT * FROM images WHERE namespace = ? AND name >= ? AND name < ? ORDER BY name'),
    put: db.prepare(
      `INSERT INTO images VALUES (:namespace, :name, :digest, :target, :labels, :now, :now, :origin)
     ON CONFLICT DO UPDATE SET digest = :digest, target = :target, labels = :labels, updated_at = :now,
       origin = iif(:namespace = :origin, :origin, origin)`,
    ),
    remove: db.prepare('DELETE FROM images WHERE namespace = ? AND name = ?'),
    targets: db.prepare('SELECT namespace, name, digest, labels FROM images'),
    isTarget: db.prepare('SELECT 1 FROM namespaces n JOIN images i ON i.namespace = n.name WHERE i.digest = ? LIMIT 1'),
    expiring: db.prepare(`SELECT namespace, name, labels FROM images WHERE labels GLOB '*${expireLabel}*'`),
    byTarget: db.prepare(
      'SELECT * FROM images WHERE namespace = ? AND digest >= ? AND digest < ? ORDER BY digest, name',
    ),
    // Up from a config to manifests, and on to the indexes that name those.
    byConfig: db.prepare(
      `WITH RECURSIVE above(child, digest) AS (
       SELECT child, parent FROM document_parents
         WHERE scope = :scope AND child >= :from AND child < :to AND label = 'config'
       UNION SELECT above.child, parent FROM above CROSS JOIN document_parents p ON p.child = above.digest
         WHERE p.scope = :scope AND p.label <> 'config'
     ) SELECT DISTINCT images.* FROM above CROSS JOIN images INDEXED BY images_by_digest ON images.digest = above.digest
       WHERE images.namespace = :namespace ORDER BY images.digest, name`,
    ),
  };
}

/** Digests that start with this one are below it: hexadecimal digits end before 'g'. */
function endOf(start: string): string {
  return `${start}g`;
}

function records(rows: unknown): ImageRecord[] {
  return (rows as Row[]).map((row) => toRecord(row)!);
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
    origin: row.origin,
  };
}
