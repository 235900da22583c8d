import type { Digest } from '@berth/model/digest';
import type { SnapshotRecord } from '../metadata/snapshot-table.ts';
import type { Tables } from '../metadata/sqlite-metadata.ts';
import { type GraphOptions, isExpired, readGraph } from './graph.ts';
import { mark } from './mark.ts';
import { image, thingId } from './node.ts';

/** Records that a sweep has removed; their files are still there. */
export interface Swept {
  readonly blobs: readonly Digest[];
  readonly snapshots: readonly SnapshotRecord[];
}

/** Marks, and removes the records of what is not marked, in the transaction that it is called in. */
export function sweepRecords(tx: Tables, options: GraphOptions): Swept {
  tx.leases.dropExpired();
  const graph = readGraph(tx, options);
  const marked = mark(graph);
  const dead = graph.nodes.filter((node) => !marked.has(thingId(node)));
  const blobs = dead.filter(({ kind }) => kind === 'blob');
  const snapshots = dead.filter(({ kind }) => kind === 'snapshot').map(({ key }) => tx.snapshots.find(key));
  for (const { scope, key } of blobs) tx.blobs.drop(scope, key);
  // Whole families go: a child marks its parent, so no child of these is left.
  for (const { key } of snapshots) tx.snapshots.drop(key);
  dropExpiredImages(tx, options.now, marked);
  return { blobs: blobs.map(({ key }) => key as Digest), snapshots };
}

/** One whose time is over may still be held, by the gc.ref.image label of something that is. */
function dropExpiredImages(tx: Tables, now: number, marked: ReadonlySet<string>): void {
  for (const { namespace, name, labels } of tx.images.expiring()) {
    if (isExpired(labels, now) && !marked.has(thingId(image(namespace, name)))) tx.images.drop(namespace, name);
  }
}
