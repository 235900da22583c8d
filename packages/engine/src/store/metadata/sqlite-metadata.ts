import type { DatabaseSync } from 'node:sqlite';
import type { MetadataStore, ReadTransaction, WriteTransaction } from '../metadata.ts';
import { type BlobTable, blobTable } from './blob-table.ts';
import { type ContainerTable, containerTable } from './container-table.ts';
import { openDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { type ImageTable, imageTable } from './image-table.ts';
import { type LeaseTable, leaseTable } from './lease-table.ts';
import { type NamespaceTable, namespaceTable } from './namespace-table.ts';
import type { Mutations } from './mutations.ts';
import type { ProcessLeases } from './process-leases.ts';
import { podTable } from './pod-table.ts';
import { newRecords } from './records.ts';
import { Reserve } from './reserve.ts';
import { type SnapshotTable, snapshotTable } from './snapshot-table.ts';

/** All tables: what the other stores keep is in the same transactions as what the services keep. */
export interface Tables extends WriteTransaction {
  readonly images: ImageTable;
  readonly containers: ContainerTable;
  readonly namespaces: NamespaceTable;
  readonly blobs: BlobTable;
  readonly snapshots: SnapshotTable;
  readonly leases: LeaseTable;
}

/** The metadata store in one SQLite file (WAL, synchronous=FULL, group commit). */
export class SqliteMetadata implements MetadataStore {
  readonly processLeases: ProcessLeases;
  readonly mutations: Mutations;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Runs at the end of every write transaction, inside it. */
  beforeCommit: (tx: Tables) => void = () => undefined;
  readonly #db: DatabaseSync;
  readonly #tables: Tables;
  readonly #commits: GroupCommit;

  private constructor(db: DatabaseSync, reserve: Reserve, now?: () => number) {
    this.#db = db;
    const records = newRecords(now);
    ({ processLeases: this.processLeases, mutations: this.mutations, now: this.now } = records);
    const namespaces = namespaceTable(db, records);
    const images = imageTable(db, namespaces, records);
    this.#tables = {
      namespaces,
      images,
      containers: containerTable(db, { ...records, namespaces, images }),
      pods: podTable(db, namespaces),
      blobs: blobTable(db, namespaces, records),
      snapshots: snapshotTable(db, records),
      leases: leaseTable(db, namespaces, records),
    };
    this.#commits = new GroupCommit(db, () => this.beforeCommit(this.#tables), reserve);
  }

  /**
   * @param now a test's own clock
   * @throws data_loss (`corrupt_database`), failed_precondition (`newer_database`, `foreign_database`)
   */
  static open(file: string, now?: () => number): SqliteMetadata {
    return new SqliteMetadata(openDatabase(file), new Reserve(`${file}-reserve`), now);
  }

  write<T>(action: (tx: Tables) => T): Promise<T> {
    return this.#commits.write(() => action(this.#tables));
  }

  read<T>(action: (tx: ReadTransaction & Tables) => T): T {
    return action(this.#tables);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#commits.close();
    if (this.#db.isOpen) this.#db.close();
  }
}
