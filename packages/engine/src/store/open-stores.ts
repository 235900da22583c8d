import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { backgroundContext, type Log } from '@berth/model/context';
import { CleanStopMark, currentBoot } from './root/clean-stop.ts';
import { BlobPins } from './content/blob-pins.ts';
import { dropLostBlobs, sweepBlobFiles } from './content/check-blobs.ts';
import { LocalContent, type LocalContentStore } from './content/local-content.ts';
import { NamespacedContent } from './content/namespaced-content.ts';
import type { ContentStore } from './content.ts';
import { MarkAndSweep } from './gc/mark-and-sweep.ts';
import { createLeases } from './lease/leases.ts';
import { createSurvey } from './disk/survey.ts';
import type { DiskSurvey } from './disk.ts';
import type { Collector, Leases } from './metadata.ts';
import { SqliteMetadata } from './metadata/sqlite-metadata.ts';
import { onDisk } from './root/disk-error.ts';
import { lockRoot } from './root/root-lock.ts';
import type { SnapshotStore } from './snapshot.ts';
import { checkTrees } from './snapshot/check-trees.ts';
import { createDiskSync } from './snapshot/disk-sync.ts';
import { chooseDriver, type DriverChoice } from './snapshot/driver.ts';
import { Snapshots } from './snapshot/snapshots.ts';

export interface StoresOptions {
  /** The folder of all that is kept; made when it is not there. */
  readonly root: string;
  readonly log: Log;
  readonly snapshotter: DriverChoice;
  /** For tests: what nothing holds does not survive any write. */
  readonly collectAfterEveryWrite?: boolean;
  /** For tests: another boot than that of the last daemon means that the machine went down. */
  readonly bootId?: string;
  /** For tests: where the boot's id is read. */
  readonly bootIdFile?: string | undefined;
  /** For tests: their own clock, milliseconds since 1970. */
  readonly now?: () => number;
}

/** Everything that is kept. Disposing closes it in order, and marks the stop as a clean one. */
export interface Stores extends AsyncDisposable {
  readonly content: ContentStore;
  readonly local: LocalContentStore;
  readonly snapshots: SnapshotStore;
  readonly metadata: SqliteMetadata;
  readonly leases: Leases;
  readonly collector: Collector;
  readonly disk: DiskSurvey;
}

/**
 * Opens all stores below a root folder, for this process alone, and repairs what a crash left.
 * @throws failed_precondition (`root_in_use`, `newer_database`, `foreign_database`, `other_snapshotter`),
 * data_loss (`corrupt_database`), resource_exhausted (`no_space`)
 */
export function openStores(options: StoresOptions): Promise<Stores> {
  return onDisk(`the records of ${options.root}`, () => openAll(options));
}

async function openAll(options: StoresOptions): Promise<Stores> {
  const { root, log } = options;
  await mkdir(root, { recursive: true, mode: 0o711 });
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(lockRoot(root));
  const stop = new CleanStopMark(root, options.bootId ?? currentBoot(options.bootIdFile));
  let isOpen = false;
  // While the root is still locked. What failed to open leaves the mark for the next try.
  cleanup.defer(() => (isOpen ? stop.clear() : undefined));
  const metadata = cleanup.use(SqliteMetadata.open(path.join(root, 'metadata.db'), options.now));
  const local = await LocalContent.open(path.join(root, 'content'));
  const driver = chooseDriver(options.snapshotter);
  const folder = path.join(root, 'snapshots');
  const snapshots = cleanup.use(await Snapshots.open({ root: folder, metadata, driver, sync: createDiskSync(), log }));
  await repair({ local, metadata, snapshots, log, stop });
  const pins = new BlobPins();
  const content = new NamespacedContent({ local, metadata, pins });
  const afterEveryWrite = options.collectAfterEveryWrite === true;
  const collector = cleanup.use(new MarkAndSweep({ metadata, local, pins, snapshots, afterEveryWrite }));
  // What a killed daemon had half done.
  await collector.collect();
  const all = cleanup.move();
  isOpen = true;
  const leases = createLeases(metadata);
  const disk = createSurvey({ root, metadata, driver: driver.name });
  return {
    content,
    local,
    snapshots,
    metadata,
    leases,
    collector,
    disk,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

interface Repair {
  readonly local: LocalContentStore;
  readonly metadata: SqliteMetadata;
  readonly snapshots: Snapshots;
  readonly log: Log;
  readonly stop: CleanStopMark;
}

async function repair({ stop, snapshots, ...parts }: Repair): Promise<void> {
  const { log, metadata } = parts;
  const check = { ...parts, context: backgroundContext(log) };
  if (stop.wasUnclean) {
    log.warn('the machine went down while the engine ran: content and layers are checked');
    await dropLostBlobs(check);
    // What was never synced may have the right size and the wrong bytes: it is fetched again from the start.
    await parts.local.dropIngests('all');
    await checkTrees({ snapshots, metadata, log });
    stop.confirm();
  }
  await parts.local.dropIngests('stray');
  await sweepBlobFiles(check);
}
