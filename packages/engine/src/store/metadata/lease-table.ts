import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Labels } from '../content.ts';
import { mergeLabels } from './blob-table.ts';
import type { NamespaceTable } from './namespace-table.ts';
import type { ProcessLeases } from './process-leases.ts';

/** A lease that is recorded: it outlives the daemon, and clients know it by its id. */
export interface LeaseRecord {
  readonly namespace: string;
  readonly id: string;
  readonly labels: Labels;
  readonly createdAt: number;
  readonly expiresAt?: number;
}

export interface LeaseResource {
  readonly kind: 'blob' | 'snapshot';
  /** Digest or snapshot key. */
  readonly key: string;
}

export interface LeaseTable {
  get(namespace: string, id: string): LeaseRecord | undefined;
  list(namespace: string): LeaseRecord[];
  /** @throws already_exists (`lease_exists`) */
  create(lease: Omit<LeaseRecord, 'createdAt'>): LeaseRecord;
  /** @throws not_found */
  delete(namespace: string, id: string): void;
  /**
   * Protects a thing by a lease, recorded or of this process; nothing when no lease is given.
   * @throws not_found (`no_such_lease`) also for one that has expired
   */
  protect(namespace: string, lease: string | undefined, resource: LeaseResource): void;
  unprotect(namespace: string, lease: string, resource: LeaseResource): void;
  resources(namespace: string, lease: string): LeaseResource[];
  /** What all unexpired leases protect. */
  protected(): (LeaseResource & { readonly namespace: string; readonly lease: string })[];
  dropExpired(): void;
}

interface Row {
  readonly namespace: string;
  readonly id: string;
  readonly labels: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export function leaseTable(db: DatabaseSync, namespaces: NamespaceTable, process: ProcessLeases): LeaseTable {
  const { get, list, insert, remove, removeResources, expired, add, drop, of, all } = statements(db);
  const peek = (namespace: string, id: string): LeaseRecord | undefined =>
    toRecord(get.get(namespace, id, Date.now()) as Row | undefined);
  const erase = (namespace: string, id: string): void => {
    remove.run(namespace, id);
    removeResources.run(namespace, id);
  };

  return {
    get: peek,
    list: (namespace) => (list.all(namespace, Date.now()) as unknown as Row[]).map((row) => toRecord(row)!),
    create({ namespace, id, labels, expiresAt }) {
      if (peek(namespace, id) !== undefined) {
        throw new BerthError('already_exists', `lease ${id} exists`, { code: 'lease_exists' });
      }
      erase(namespace, id);
      namespaces.ensure(namespace);
      insert.run(namespace, id, JSON.stringify(mergeLabels({}, labels)), Date.now(), expiresAt ?? null);
      return peek(namespace, id)!;
    },
    delete(namespace, id) {
      if (peek(namespace, id) === undefined) throw missing(id);
      erase(namespace, id);
    },
    protect(namespace, lease, resource) {
      if (lease === undefined || process.protect(lease, { namespace, ...resource })) return;
      if (peek(namespace, lease) === undefined) throw missing(lease);
      add.run(namespace, lease, resource.kind, resource.key);
    },
    unprotect: (namespace, lease, { kind, key }) => void drop.run(namespace, lease, kind, key),
    resources: (namespace, lease) => of.all(namespace, lease) as unknown as LeaseResource[],
    protected: () => [
      ...process.protected(),
      ...(all.all(Date.now()) as unknown as ReturnType<LeaseTable['protected']>),
    ],
    dropExpired() {
      for (const row of expired.all(Date.now())) erase(String(row['namespace']), String(row['id']));
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
    add: db.prepare('INSERT OR IGNORE INTO lease_resources VALUES (?, ?, ?, ?)'),
    drop: db.prepare('DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND kind = ? AND key = ?'),
    of: db.prepare('SELECT kind, key FROM lease_resources WHERE namespace = ? AND lease = ? ORDER BY kind, key'),
    all: db.prepare(
      `SELECT r.namespace, r.lease, r.kind, r.key FROM lease_resources r JOIN leases l ON l.namespace = r.namespace AND l.id = r.lease
     WHERE l.expires_at IS NULL OR l.expires_at > ?`,
    ),
  };
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
