import type { BlobRow } from '../metadata/blob-table.ts';
import type { SnapshotRecord } from '../metadata/snapshot-table.ts';
import type { Tables } from '../metadata/sqlite-metadata.ts';
import { nodeId, readGraph } from './graph.ts';
import { mark } from './mark.ts';

/** Records that a sweep has removed; their files are still there. */
export interface Swept {
  readonly blobs: readonly BlobRow[];
  readonly snapshots: readonly SnapshotRecord[];
}

/** Marks, and removes the records of what is not marked, in the transaction that it is called in. */
export function sweepRecords(tx: Tables, driver: string): Swept {
  tx.leases.dropExpired();
  const marked = mark(readGraph(tx, driver));
  const blobs = tx.blobs.all().filter(({ scope, digest }) => !marked.has(nodeId({ kind: 'blob', scope, key: digest })));
  const snapshots = tx.snapshots.all().filter(({ key }) => !marked.has(nodeId({ kind: 'snapshot', scope: '', key })));
  for (const { scope, digest } of blobs) tx.blobs.delete(scope, digest);
  // Whole families go: a child marks its parent, so no child of these is left.
  for (const { key } of snapshots) tx.snapshots.drop(key);
  return { blobs, snapshots };
}
