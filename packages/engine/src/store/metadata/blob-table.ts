import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '@berth/model/digest';
import type { BlobInfo, Labels } from '../content.ts';
import type { BlobReads } from '../metadata.ts';
import type { NamespaceTable } from './namespace-table.ts';
import type { Records } from './records.ts';

/** Which blobs a scope sees, with their labels. */
export interface BlobTable extends BlobReads {
  get(scope: string, digest: string): BlobInfo | undefined;
  /** At most `limit` blobs after this digest, in digest order. */
  page(scope: string, after: string, limit: number): BlobInfo[];
  /** The size of a blob that any scope sees. */
  sizeAnywhere(digest: string): number | undefined;
  /** Makes the blob visible. When it is visible already, the labels given are added. */
  put(scope: string, blob: { readonly digest: Digest; readonly size: number; readonly labels: Labels }): BlobInfo;
  /** Sets labels, removes those with an empty value. Undefined when the scope does not see the blob. */
  label(scope: string, digest: string, labels: Labels): BlobInfo | undefined;
  /** False when the scope does not see the blob. */
  delete(scope: string, digest: string): boolean;
  /** For the collector. */
  drop(scope: string, digest: string): void;
  /** Every row, for the collector and for checks. */
  all(): BlobRow[];
}

export interface BlobRow {
  readonly scope: string;
  readonly digest: Digest;
  readonly size: number;
  /** JSON. */
  readonly labels: string;
}

interface Row extends BlobRow {
  readonly created_at: number;
  readonly updated_at: number;
}

export function blobTable(db: DatabaseSync, namespaces: NamespaceTable, { mutations, now }: Records): BlobTable {
  const get = db.prepare('SELECT * FROM blobs WHERE scope = ? AND digest = ?');
  const page = db.prepare('SELECT * FROM blobs WHERE scope = ? AND digest > ? ORDER BY digest LIMIT ?');
  const anywhere = db.prepare('SELECT size FROM blobs WHERE digest = ? LIMIT 1');
  const put = db.prepare(
    `INSERT INTO blobs VALUES (:scope, :digest, :size, :labels, :now, :now)
     ON CONFLICT DO UPDATE SET labels = :labels, updated_at = :now`,
  );
  const remove = db.prepare('DELETE FROM blobs WHERE scope = ? AND digest = ?');
  const all = db.prepare('SELECT scope, digest, size, labels FROM blobs');
  const sizes = db.prepare('SELECT digest, size FROM blobs WHERE scope = ?');
  sizes.setReturnArrays(true);
  const sum = 'SELECT coalesce(sum(size), 0) AS bytes, count(*) AS blobs';
  // Who has one scope, as nearly everybody has, need not sort: a tenth of the time.
  const one = db.prepare('SELECT (SELECT min(scope) FROM blobs) IS (SELECT max(scope) FROM blobs) AS is_one');
  const totalOfOne = db.prepare(`${sum} FROM blobs`);
  const total = db.prepare(`${sum} FROM (SELECT size FROM blobs GROUP BY digest)`);
  const find = (scope: string, digest: string): BlobInfo | undefined =>
    toInfo(get.get(scope, digest) as Row | undefined);
  const write = (scope: string, blob: { digest: Digest; size: number; labels: Labels }): BlobInfo => {
    put.run({ scope, digest: blob.digest, size: blob.size, labels: JSON.stringify(blob.labels), now: now() });
    mutations.change();
    return find(scope, blob.digest)!;
  };

  return {
    get: find,
    page: (scope, after, limit) => (page.all(scope, after, limit) as unknown as Row[]).map((row) => toInfo(row)!),
    sizeAnywhere: (digest) => anywhere.get(digest)?.['size'] as number | undefined,
    put(scope, { digest, size, labels }) {
      const before = find(scope, digest);
      if (before !== undefined && Object.keys(labels).length === 0) return before;
      return write(scope, { digest, size, labels: mergeLabels(before?.labels ?? {}, labels) });
    },
    label(scope, digest, labels) {
      const before = find(scope, digest);
      if (before === undefined) return undefined;
      return write(scope, { ...before, labels: mergeLabels(before.labels, labels) });
    },
    size: (namespace, digest) => find(namespaces.scope(namespace), digest)?.size,
    total: () => (one.get()?.['is_one'] === 1 ? totalOfOne : total).get() as unknown as ReturnType<BlobReads['total']>,
    sizes: (namespace) => new Map(sizes.all(namespaces.scope(namespace)) as unknown as [string, number][]),
    delete(scope, digest) {
      if (remove.run(scope, digest).changes === 0) return false;
      mutations.deletion();
      return true;
    },
    drop: (scope, digest) => void remove.run(scope, digest),
    all: () => all.all() as unknown as BlobRow[],
  };
}

/** `change` over `labels`; an empty value removes. */
export function mergeLabels(labels: Labels, change: Labels): Labels {
  return Object.fromEntries(Object.entries({ ...labels, ...change }).filter(([, value]) => value !== ''));
}

function toInfo(row: Row | undefined): BlobInfo | undefined {
  if (row === undefined) return undefined;
  return {
    digest: row.digest,
    size: row.size,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    labels: JSON.parse(row.labels) as Labels,
  };
}
