import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Labels } from '../content.ts';
import type { LeaseReads, LeaseRecord, LeaseWrites } from '../metadata.ts';
import { mergeLabels } from './blob-table.ts';
import { expiryOf } from './expiry.ts';
import type { NamespaceTable } from './namespace-table.ts';
import type { Records } from './records.ts';

export interface LeaseResource {
  readonly kind: 'blob' | 'snapshot' | 'ingest';
  /** Digest, snapshot key, or the raw content store's reference. */
  readonly key: string;
}

export interface LeaseTable extends LeaseReads, LeaseWrites {
  /**
   * Protects a thing by a lease, recorded or of this process; nothing when no lease is given.
   * @throws not_found (`no_such_lease`) also for one that has expired
   */
  protect(namespace: string, lease: string | undefined, resource: LeaseResource): void;
  unprotect(namespace: string, lease: string, resource: LeaseResource): void;
  resources(namespace: string, lease: string): LeaseResource[];
  /** What all unexpired leases protect. */
  protected(): LeasedResource[];
  dropExpired(): void;
  /** When the next lease ends, ms since 1970. */
  nextExpiry(): number | undefined;
}

export interface LeasedResource extends LeaseResource {
  readonly namespace: string;
  readonly lease: string;
  /** The lease has the label `gc.flat`: it holds this alone, not what this refers to. */
  readonly isFlat: boolean;
}

interface Row {
  readonly namespace: string;
  readonly id: string;
  readonly labels: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export function leaseTable(db: DatabaseSync, namespaces: NamespaceTable, records: Records): LeaseTable {
  const { mutations, now, processLeases } = records;
  const { get, list, insert, remove, removeResources, expired, next, add, drop, of, all } = statements(db);
  const peek = (namespace: string, id: string): LeaseRecord | undefined =>
    toRecord(get.get(namespace, id, now()) as Row | undefined);
  const erase = (namespace: string, id: string): void => {
    remove.run(namespace, id);
    removeResources.run(namespace, id);
  };

  return {
    get: peek,
    list: (namespace) => (list.all(namespace, now()) as unknown as Row[]).map((row) => toRecord(row)!),
    create({ namespace, id, labels, expiresAt }) {
      if (peek(namespace, id) !== undefined) {
        throw new BerthError('already_exists', `lease ${id} exists`, { code: 'lease_exists' });
      }
      erase(namespace, id);
      namespaces.ensure(namespace);
      const end = expiresAt ?? expiryOf(labels) ?? null;
      insert.run(namespace, id, JSON.stringify(mergeLabels({}, labels)), now(), end);
      mutations.change();
      return { namespace, id, labels, createdAt: now(), ...(end === null ? {} : { expiresAt: end }) };
    },
    delete(namespace, id) {
      if (peek(namespace, id) === undefined) throw missing(id);
      erase(namespace, id);
      mutations.deletion();
    },
    protect(namespace, lease, resource) {
      if (lease === undefined || processLeases.protect(lease, { namespace, ...resource })) return;
      if (peek(namespace, lease) === undefined) throw missing(lease);
      add.run(namespace, lease, resource.kind, resource.key);
    },
    unprotect(namespace, lease, resource) {
      if (processLeases.unprotect(lease, { namespace, ...resource })) return;
      drop.run(namespace, lease, resource.kind, resource.key);
      mutations.change();
    },
    resources: (namespace, lease) => of.all(namespace, lease) as unknown as LeaseResource[],
    protected: () => [...withFlat(processLeases.protected()), ...withFlat(all.all(now()))],
    nextExpiry: () => (next.get(now())?.['expires_at'] as number | null | undefined) ?? undefined,
    dropExpired() {
      for (const row of expired.all(now())) erase(String(row['namespace']), String(row['id']));
    },
  };
}

function statements(db: DatabaseSync) {
  return {
    get: db.prepare('SELECT * FROM leases WHERE namespace = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)'),
    list: db.prepare('SELECT * FROM leases WHERE namespace = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY id'),
    insert: db.prepare('INSERT INTO leases VALUES (?, ?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM leases WHERE namespace = ? AND id = ?'),
    removeResources: db.prepare('DELETE FROM lease_resources WHERE namespace = ? AND lease = ?'),
    expired: db.prepare('SELECT namespace, id FROM leases WHERE expires_at <= ?'),
    next: db.prepare('SELECT min(expires_at) AS expires_at FROM leases WHERE expires_at > ?'),
    add: db.prepare('INSERT OR IGNORE INTO lease_resources VALUES (?, ?, ?, ?)'),
    drop: db.prepare('DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND kind = ? AND key = ?'),
    of: db.prepare('SELECT kind, key FROM lease_resources WHERE namespace = ? AND lease = ? ORDER BY kind, key'),
    all: db.prepare(
      `SELECT r.namespace, r.lease, r.kind, r.key, l.labels GLOB '*"containerd.io/gc.flat"*' AS flat FROM lease_resources r JOIN leases l ON l.namespace = r.namespace AND l.id = r.lease
     WHERE l.expires_at IS NULL OR l.expires_at > ?`,
    ),
  };
}

/** `flat` is SQLite's boolean, absent for leases of this process. */
function withFlat(rows: unknown): LeasedResource[] {
  return (rows as (Omit<LeasedResource, 'isFlat'> & { readonly flat?: number })[]).map((row) => ({
    ...row,
    isFlat: row.flat === 1,
  }));
}

function missing(id: string): BerthError {
  return new BerthError('not_found', `no lease ${id}: it ended or never was`, { code: 'no_such_lease' });
}

function toRecord(row: Row | undefined): LeaseRecord | undefined {
  if (row === undefined) return undefined;
  const { namespace, id, expires_at: expiresAt } = row;
  return {
    namespace,
    id,
    labels: JSON.parse(row.labels) as Labels,
    createdAt: row.created_at,
    ...(expiresAt === null ? {} : { expiresAt }),
  };
}
