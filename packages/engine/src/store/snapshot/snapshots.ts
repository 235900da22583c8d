import { renameSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext, Log } from '@berth/model/context';
import { BerthError, errnoName } from '@berth/model/error';
import type { Labels } from '../content.ts';
import { snapshotExists, type SnapshotRecord } from '../metadata/snapshot-table.ts';
import type { SqliteMetadata, Tables } from '../metadata/sqlite-metadata.ts';
import type {
  CommitSnapshotOptions,
  Snapshot,
  SnapshotDraft,
  SnapshotInfo,
  SnapshotMount,
  SnapshotStore,
  SnapshotUsage,
} from '../snapshot.ts';
import { diskError } from '../root/disk-error.ts';
import type { DiskSync } from './disk-sync.ts';
import type { SnapshotDriver, SnapshotStack } from './driver.ts';
import { removeTree } from './remove-tree.ts';
import { filesPath } from './tree-folder.ts';
import { summarizeTree } from './tree-summary.ts';

export interface SnapshotsOptions {
  /** The folder of all snapshots. */
  readonly root: string;
  readonly metadata: SqliteMetadata;
  readonly driver: SnapshotDriver;
  readonly sync: DiskSync;
  readonly log: Log;
}

const pageSize = 200;

/**
 * Snapshots in numbered folders, recorded in the metadata store. A folder is made before its record and goes after
 * it, so that a crash leaves at most folders without a record, which `open` sweeps.
 */
export class Snapshots implements SnapshotStore, AsyncDisposable {
  readonly driver: string;
  readonly #options: SnapshotsOptions;
  readonly #removals = new Set<Promise<void>>();
  #lastId: number;

  private constructor(options: SnapshotsOptions, lastId: number) {
    this.#options = options;
    this.#lastId = lastId;
    this.driver = options.driver.name;
  }

  /** @throws failed_precondition (`other_snapshotter`) when the folder holds snapshots of another driver */
  static async open(options: SnapshotsOptions): Promise<Snapshots> {
    const { root, metadata, driver } = options;
    await mkdir(root, { recursive: true, mode: 0o700 });
    const records = metadata.read((tx) => tx.snapshots.all());
    const other = records.find((record) => record.driver !== driver.name);
    if (other !== undefined) throw otherDriver(root, other.driver, driver.name);
    const names = await readdir(root);
    const lastId = Math.max(
      0,
      ...records.map(({ id }) => id),
      ...names.map((name) => Number(name.replace('trash-', '')) || 0),
    );
    const store = new Snapshots(options, lastId);
    const known = new Set(records.map(({ id }) => String(id)));
    for (const name of names) if (!known.has(name)) void store.#sweepLater(name);
    return store;
  }

  prepare(context: CallContext, key: string, parent: string, labels: Labels = {}): Promise<Snapshot> {
    return this.#create(context, { kind: 'active', key, parent, labels });
  }

  draft(context: CallContext, key: string, parent: string, labels: Labels = {}): Promise<SnapshotDraft> {
    return this.#draft(context, { kind: 'active', key, parent, labels });
  }

  view(context: CallContext, key: string, parent: string, labels: Labels = {}): Promise<Snapshot> {
    return this.#create(context, { kind: 'view', key, parent, labels });
  }

  async commit(context: CallContext, name: string, key: string, options: CommitSnapshotOptions = {}): Promise<void> {
    const { metadata, root, sync } = this.#options;
    const { id } = metadata.read((tx) => tx.snapshots.find(key));
    const folder = filesPath(root, id);
    const [summary] = await Promise.all([summarizeTree(folder), options.synced === true ? undefined : sync(folder)]);
    context.signal.throwIfAborted();
    const isTaken = await metadata.write((tx) => {
      // Also what has the name already is what the caller wanted: its lease keeps it.
      tx.leases.protect(context.namespace, context.lease, { kind: 'snapshot', key: name });
      if (name !== key && tx.snapshots.get(name) !== undefined) return true;
      const { labels = {}, parent } = options;
      tx.snapshots.commit(key, name, { labels, summary, ...(parent === undefined ? {} : { parent }) });
      return false;
    });
    // Outside of the transaction, which it would undo.
    if (isTaken) throw snapshotExists(name);
  }

  async remove(_context: CallContext, key: string): Promise<void> {
    const { id } = await this.#options.metadata.write((tx) => tx.snapshots.delete(key));
    await this.discard(id);
  }

  async stat({ namespace, lease }: CallContext, key: string): Promise<SnapshotInfo> {
    const { metadata } = this.#options;
    const resource = { namespace, kind: 'snapshot', key } as const;
    const info = infoOf(metadata.read((tx) => tx.snapshots.find(key)));
    if (lease === undefined || metadata.processLeases.protect(lease, resource)) return info;
    return await metadata.write((tx) => {
      tx.leases.protect(namespace, lease, resource);
      return infoOf(tx.snapshots.find(key));
    });
  }

  async usage(_context: CallContext, key: string): Promise<SnapshotUsage> {
    const { metadata, root } = this.#options;
    const { id, summary } = metadata.read((tx) => tx.snapshots.find(key));
    const { diskBytes, inodes } = summary ?? (await summarizeTree(filesPath(root, id)));
    return { bytes: diskBytes, inodes };
  }

  async *list(): AsyncIterable<SnapshotInfo> {
    for (let after = ''; ;) {
      const page = this.#options.metadata.read((tx) => tx.snapshots.page(after, pageSize));
      yield* page.map(infoOf);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.key;
    }
  }

  async mounts(_context: CallContext, key: string): Promise<SnapshotMount> {
    const { metadata, driver, root } = this.#options;
    return driver.mount(
      root,
      metadata.read((tx) => stackOf(tx, key)),
    );
  }

  async layers(_context: CallContext, key: string): Promise<readonly string[]> {
    const { metadata, driver, root } = this.#options;
    return driver.layers(
      root,
      metadata.read((tx) => stackOf(tx, key)),
    );
  }

  /** Where the files of a recorded snapshot are. */
  filesOf({ id }: Pick<SnapshotRecord, 'id'>): string {
    return filesPath(this.#options.root, id);
  }

  /** Makes a folder anew for a record that has lost it, empty as it once was. */
  async restoreFolder(record: SnapshotRecord): Promise<void> {
    const { metadata, driver, root } = this.#options;
    await this.discard(record.id);
    await mkdir(path.join(root, String(record.id)), { mode: 0o700 });
    await driver.create(
      root,
      metadata.read((tx) => stackOf(tx, record.key)),
    );
  }

  /** Takes the folder of a snapshot without a record out of the way before it returns; resolves when it is deleted. */
  discard(id: number): Promise<void> {
    return this.#sweep(String(id));
  }

  /** Waits for what is being deleted. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#removals);
  }

  async #create(context: CallContext, wanted: Wanted): Promise<Snapshot> {
    await using draft = await this.#draft(context, wanted);
    await draft.keep();
    const { key, path: files, mount } = draft;
    return { key, path: files, mount };
  }

  async #draft(context: CallContext, wanted: Wanted): Promise<SnapshotDraft> {
    const { metadata, driver, root } = this.#options;
    const { kind, key, parent, labels } = wanted;
    const parents = metadata.read((tx) => (parent === '' ? [] : parentsOf(tx, parent)));
    const id = ++this.#lastId;
    const stack: SnapshotStack = { id, kind, parents };
    let isKept = false;
    const drop = async (): Promise<void> => {
      // On a disk that fails, this fails as well; the next open sweeps folders without a record.
      if (!isKept) await this.discard(id).catch(() => undefined);
    };
    try {
      await mkdir(path.join(root, String(id)), { mode: 0o700 });
      await driver.create(root, stack);
    } catch (error) {
      await drop();
      throw diskError(error, `the snapshot ${key}`);
    }
    const record = { id, driver: driver.name, namespace: context.namespace, kind, key, parent, labels };
    const write = metadata.write.bind(metadata);
    return {
      key,
      path: filesPath(root, id),
      mount: driver.mount(root, stack),
      async keep() {
        try {
          await write((tx) => {
            tx.leases.protect(context.namespace, context.lease, { kind: 'snapshot', key });
            tx.snapshots.create(record);
          });
        } catch (error) {
          throw diskError(error, `the snapshot ${key}`);
        }
        isKept = true;
      },
      [Symbol.asyncDispose]: drop,
    };
  }

  /** What stays now is found again at the next open. */
  async #sweepLater(name: string): Promise<void> {
    try {
      await this.#sweep(name);
    } catch (error) {
      this.#options.log.warn('a folder without a record stays', { folder: name, error: String(error) });
    }
  }

  async #sweep(name: string): Promise<void> {
    const { root, log } = this.#options;
    const trash = name.startsWith('trash-') ? name : `trash-${name}`;
    try {
      if (trash !== name) renameSync(path.join(root, name), path.join(root, trash));
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return;
      throw error;
    }
    const removal = removeTree(path.join(root, trash))
      .catch((error: unknown) =>
        log.warn('a removed snapshot could not be deleted', { folder: trash, error: String(error) }),
      )
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
    await removal;
  }
}

interface Wanted {
  readonly kind: 'active' | 'view';
  readonly key: string;
  readonly parent: string;
  readonly labels: Labels;
}

function stackOf(tx: Pick<Tables, 'snapshots'>, key: string): SnapshotStack {
  const { id, kind, parent } = tx.snapshots.find(key);
  return { id, kind, parents: parent === '' ? [] : parentsOf(tx, parent) };
}

/** The numbers of a parent and of what it stands on, nearest first. */
function parentsOf(tx: Pick<Tables, 'snapshots'>, parent: string): number[] {
  const ids: number[] = [];
  for (let key = parent; key !== '';) {
    const record = tx.snapshots.find(key);
    ids.push(record.id);
    key = record.parent;
  }
  return ids;
}

function infoOf({ key, kind, parent, createdAt, updatedAt, labels }: SnapshotRecord): SnapshotInfo {
  return { key, kind, parent, createdAt, updatedAt, labels };
}

function otherDriver(root: string, found: string, wanted: string): BerthError {
  return new BerthError('failed_precondition', `${root} holds snapshots of ${found}, not of ${wanted}`, {
    code: 'other_snapshotter',
    hint: `choose the snapshotter ${found}, or another root folder`,
  });
}
