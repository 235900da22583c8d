import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Labels } from '../content.ts';
import type { NamespaceReads, NamespaceRecord, NamespaceWrites } from '../metadata.ts';
import type { Records } from './records.ts';

/** Namespaces, and who sees what through their share groups. */
export interface NamespaceTable extends NamespaceReads, NamespaceWrites {
  /** Makes the record when there is none: namespaces come into being with the first write. */
  ensure(name: string): void;
  /** The namespace itself and the others of its share group. */
  sharers(name: string): string[];
  /** Namespaces that see a scope. */
  members(scope: string): string[];
  /** Who sees this namespace's blobs: `group/NAME`, or `namespace/NAME` outside of every group. */
  scope(name: string): string;
}

interface Row {
  readonly name: string;
  readonly labels: string;
  readonly share_group: string;
}

export function namespaceTable(db: DatabaseSync, { mutations }: Pick<Records, 'mutations'>): NamespaceTable {
  const get = db.prepare('SELECT * FROM namespaces WHERE name = ?');
  const list = db.prepare('SELECT * FROM namespaces ORDER BY name');
  const members = db.prepare('SELECT name FROM namespaces WHERE share_group = ? ORDER BY name');
  const insert = db.prepare('INSERT OR REPLACE INTO namespaces VALUES (?, ?, ?)');
  const remove = db.prepare('DELETE FROM namespaces WHERE name = ?');
  const { move, contents } = moves(db);
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
    members(of) {
      const [kind, name] = splitScope(of);
      return kind === 'namespace' ? [name] : members.all(name).map((row) => String(row['name']));
    },
    ensure(name) {
      if (get.get(name) === undefined) insert.run(name, '{}', bornShared.includes(name) ? 'default' : '');
    },
    put({ name, labels, shareGroup }) {
      const before = scope(name);
      insert.run(name, JSON.stringify(labels), shareGroup);
      mutations.change();
      const after = scope(name);
      if (before === after) return;
      move(name, shareGroup, { before, after });
    },
    delete(name) {
      if (get.get(name) === undefined) {
        throw new BerthError('not_found', `no such namespace: ${name}`, { code: 'no_such_namespace' });
      }
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

/** Namespaces of the three doors that share from the beginning, also when they come into being again. */
const bornShared: readonly string[] = ['default', 'k8s.io', 'moby'];

/** What happens when a namespace changes its group, and what it must not have when it goes. */
function moves(db: DatabaseSync) {
  const member = db.prepare('SELECT 1 FROM namespaces WHERE share_group = ?');
  // The same blob may have been labelled on both sides: one side's labels alone could lose what it refers to.
  const copyBlobs = db.prepare(
    `INSERT INTO blobs (scope, digest, size, labels, created_at, updated_at)
     SELECT ?, digest, size, labels, created_at, updated_at FROM blobs WHERE scope = ?
     ON CONFLICT DO UPDATE SET labels = json_patch(excluded.labels, labels)`,
  );
  const dropBlobs = db.prepare('DELETE FROM blobs WHERE scope = ?');
  // Members differ in what they deleted and in what they had before they joined: the newest of a name wins.
  const take = db.prepare(
    `INSERT OR IGNORE INTO images
     SELECT :name, i.name, digest, target, i.labels, created_at, updated_at, origin FROM images i JOIN namespaces n
       ON i.namespace = n.name WHERE n.share_group = :group AND n.name <> :name ORDER BY updated_at DESC, n.name`,
  );
  const give = db.prepare(
    `INSERT OR IGNORE INTO images
     SELECT n.name, i.name, digest, target, i.labels, created_at, updated_at, origin FROM images i JOIN namespaces n
       ON n.share_group = :group AND n.name <> :name WHERE i.namespace = :name`,
  );
  const contents = db.prepare(
    `SELECT EXISTS (SELECT 1 FROM images WHERE namespace = :n) OR EXISTS (SELECT 1 FROM containers WHERE namespace = :n)
       OR EXISTS (SELECT 1 FROM leases WHERE namespace = :n) OR EXISTS (SELECT 1 FROM blobs WHERE scope = 'namespace/' || :n)
       OR EXISTS (SELECT 1 FROM snapshots WHERE namespace = :n AND kind <> 'committed') AS some`,
  );
  const move = (name: string, group: string, scope: { readonly before: string; readonly after: string }): void => {
    // What the namespace saw it still sees; the collector drops what nothing there refers to.
    copyBlobs.run(scope.after, scope.before);
    const [kind, of] = splitScope(scope.before);
    if (kind === 'namespace' || member.get(of) === undefined) dropBlobs.run(scope.before);
    if (group === '') return;
    take.run({ name, group });
    give.run({ name, group });
  };
  return { move, contents };
}

function scopeOf(name: string, group: string): string {
  return group === '' ? `namespace/${name}` : `group/${group}`;
}

function splitScope(scope: string): [kind: string, name: string] {
  const at = scope.indexOf('/');
  return [scope.slice(0, at), scope.slice(at + 1)];
}

function toRecord(row: Row | undefined): NamespaceRecord | undefined {
  if (row === undefined) return undefined;
  return { name: row.name, labels: JSON.parse(row.labels) as Labels, shareGroup: row.share_group };
}
