import type { BlobRow } from '../metadata/blob-table.ts';
import type { SnapshotRecord } from '../metadata/snapshot-table.ts';
import type { Tables } from '../metadata/sqlite-metadata.ts';
import { type GraphOptions, isExpired, readGraph } from './graph.ts';
import { mark } from './mark.ts';
import { blob, image, snapshot, thingId } from './node.ts';

/** Records that a sweep has removed; their files are still there. */
export interface Swept {
  readonly blobs: readonly BlobRow[];
  readonly snapshots: readonly SnapshotRecord[];
}

/** Marks, and removes the records of what is not marked, in the transaction that it is called in. */
export function sweepRecords(tx: Tables, options: GraphOptions): Swept {
  tx.leases.dropExpired();
  const marked = mark(readGraph(tx, options));
  const blobs = tx.blobs.all().filter(({ scope, digest }) => !marked.has(thingId(blob(scope, digest))));
  const snapshots = tx.snapshots.edges().filter(({ key }) => !marked.has(thingId(snapshot(key))));
  const dead = snapshots.map(({ key }) => tx.snapshots.find(key));
  for (const { scope, digest } of blobs) tx.blobs.drop(scope, digest);
  // Whole families go: a child marks its parent, so no child of these is left.
  for (const { key } of dead) tx.snapshots.drop(key);
  for (const { namespace, name, labels } of tx.images.targets()) {
    // One whose time is over may still be held, by the gc.ref.image label of something that is.
    const isOver = isExpired(labels, options.now) && !marked.has(thingId(image(namespace, name)));
    if (isOver) tx.images.drop(namespace, name);
  }
  return { blobs, snapshots: dead };
}
