import type { Digest } from '@berth/model/digest';
import type { BlobPins } from '../content/blob-pins.ts';
import type { LocalContentStore } from '../content/local-content.ts';
import type { CollectionResult, Collector, Holder } from '../metadata.ts';
import type { SnapshotRecord } from '../metadata/snapshot-table.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import type { Snapshots } from '../snapshot/snapshots.ts';
import { summarizeTree } from '../snapshot/tree-summary.ts';
import { type GraphOptions, readGraph } from './graph.ts';
import { holdersOf } from './mark.ts';
import { type Swept, sweepRecords } from './sweep.ts';

export interface CollectorParts {
  readonly metadata: SqliteMetadata;
  readonly local: LocalContentStore;
  readonly pins: BlobPins;
  readonly snapshots: Snapshots;
  /** For tests: sweeps at the end of every write transaction, inside it, so that what nothing holds never lives on. */
  readonly afterEveryWrite?: boolean;
}

/** An ingest that nobody wrote to for this long is given up, ms (containerd: 24 hours). */
export const ingestPatience = 24 * 60 * 60 * 1000;

/** Records go in the transaction that marks; files follow, and a crash in between is made good at the next open. */
export class MarkAndSweep implements Collector, AsyncDisposable {
  readonly #parts: CollectorParts;
  /** Swept from the records, not yet from disk. */
  #dead: Swept[] = [];
  #removed = { blobs: new Set<string>(), snapshots: new Set<string>(), bytes: 0 };
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<CollectionResult> | undefined;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    if (parts.afterEveryWrite !== true) return;
    parts.metadata.beforeCommit = (tx) => {
      this.#dead.push(sweepRecords(tx, this.#options));
      // After COMMIT; should it fail, the records are back and keep the files.
      setImmediate(() => void this.#removeDead());
    };
  }

  collect(): Promise<CollectionResult> {
    this.#next ??= this.#running.then(() => {
      const run = this.#collect();
      this.#next = undefined;
      this.#running = run.catch(() => undefined);
      return run;
    });
    return this.#next;
  }

  whatHolds(digest: string): readonly Holder[] {
    return this.#parts.metadata.read((tx) => holdersOf(readGraph(tx, this.#options), digest));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next?.catch(() => undefined);
    await this.#running;
    await this.#removeDead();
  }

  get #options(): GraphOptions {
    return { driver: this.#parts.snapshots.driver, now: this.#parts.metadata.now() };
  }

  async #collect(): Promise<CollectionResult> {
    const { metadata, local } = this.#parts;
    const leased = await metadata.write((tx) => {
      this.#dead.push(sweepRecords(tx, this.#options));
      metadata.mutations.reset();
      return tx.leases.protected().filter(({ kind }) => kind === 'ingest');
    });
    await this.#removeDead();
    await local.expireIngests(metadata.now() - ingestPatience, new Set(leased.map(({ key }) => key)));
    const { blobs, snapshots: keys, bytes } = this.#removed;
    this.#removed = { blobs: new Set(), snapshots: new Set(), bytes: 0 };
    return { blobs: [...blobs], snapshots: [...keys], bytes };
  }

  async #removeDead(): Promise<void> {
    const dead = this.#dead;
    this.#dead = [];
    const work = dead.flatMap(({ blobs, snapshots }) => [
      ...blobs.map((digest) => this.#removeBlob(digest)),
      ...snapshots.map((snapshot) => this.#removeSnapshot(snapshot)),
    ]);
    await Promise.all(work);
  }

  /** Looks for new records and takes the file away in one turn: nobody can record the blob in between. */
  async #removeBlob(digest: Digest): Promise<void> {
    const { metadata, local, pins } = this.#parts;
    if (pins.has(digest) || metadata.read((tx) => tx.blobs.sizeAnywhere(digest)) !== undefined) return;
    const freed = local.evict(digest);
    if (freed === undefined) return;
    const bytes = await freed;
    this.#removed.blobs.add(digest);
    this.#removed.bytes += bytes;
  }

  async #removeSnapshot(snapshot: SnapshotRecord): Promise<void> {
    const { metadata, snapshots } = this.#parts;
    if (metadata.read((tx) => tx.snapshots.hasId(snapshot.id))) return;
    const summary = snapshot.summary ?? (await summarizeTree(snapshots.filesOf(snapshot)));
    this.#removed.snapshots.add(snapshot.key);
    this.#removed.bytes += summary.diskBytes;
    await snapshots.discard(snapshot.id);
  }
}
