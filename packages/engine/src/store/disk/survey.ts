import path from 'node:path';
import type { DiskSurvey, StoreUse } from '../disk.ts';
import type { SnapshotRecord } from '../metadata/snapshot-table.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import { readShares, type Shares } from './shares.ts';
import { BlockCounter, entriesOf } from './walk.ts';

export interface SurveyParts {
  readonly root: string;
  readonly metadata: SqliteMetadata;
  /** Name of the snapshotter. */
  readonly driver: string;
}

export function createSurvey(parts: SurveyParts): DiskSurvey {
  return { measure: (namespace) => measure(parts, namespace) };
}

async function measure({ root, metadata, driver }: SurveyParts, namespace: string): Promise<StoreUse> {
  const counter = new BlockCounter(root);
  const { containers, records } = metadata.read((tx) => ({
    containers: new Set(tx.containers.needs().map(({ snapshot_key: key }) => key)),
    records: new Map(tx.snapshots.all().map((record) => [String(record.id), record])),
  }));
  const blobs = measureBlobs(counter, path.join(root, 'content/blobs'));
  const trees = await measureTrees(counter, path.join(root, 'snapshots'), records);
  const ingests = await measureAll(counter, path.join(root, 'content/ingest'));
  const files = await measureAll(counter, path.join(root, 'containers'));
  const other = await measureRest(counter, root);
  const shares = metadata.read((tx) =>
    readShares(tx, namespace, { driver, now: metadata.now(), sizes: { blobs, snapshots: trees.sizes } }),
  );
  const own = sum([...trees.sizes].filter(([key]) => containers.has(key)).map(([, bytes]) => bytes));
  const content = { bytes: sum(blobs.values()), blobs: blobs.size, reclaimable: unheld(shares, 'blob', blobs) };
  const layers = {
    bytes: trees.bytes - own,
    snapshots: [...trees.sizes.keys()].filter((key) => !containers.has(key)).length,
    reclaimable: unheld(shares, 'snapshot', trees.sizes),
  };
  const use = {
    content,
    ingests,
    layers,
    containers: { bytes: own + files.bytes, count: containers.size },
    other: { bytes: other },
  };
  return { ...use, total: sum(Object.values(use).map(({ bytes }) => bytes)), targets: shares.targets };
}

function measureBlobs(counter: BlockCounter, folder: string): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const algorithm of ['sha256', 'sha512']) {
    for (const name of entriesOf(path.join(folder, algorithm))) {
      sizes.set(`${algorithm}:${name.toString()}`, counter.one(path.join(folder, algorithm, name.toString())));
    }
  }
  return sizes;
}

interface Trees {
  /** Of all folders, also those that are being deleted. */
  readonly bytes: number;
  /** By key, of what is recorded. */
  readonly sizes: ReadonlyMap<string, number>;
}

async function measureTrees(
  counter: BlockCounter,
  folder: string,
  records: ReadonlyMap<string, SnapshotRecord>,
): Promise<Trees> {
  const sizes = new Map<string, number>();
  let bytes = 0;
  for (const name of entriesOf(folder).map(String)) {
    const record = records.get(name);
    const size = await measureTree(counter, path.join(folder, name), record);
    bytes += size;
    if (record !== undefined) sizes.set(record.key, size);
  }
  return { bytes, sizes };
}

async function measureTree(counter: BlockCounter, folder: string, record?: SnapshotRecord): Promise<number> {
  if (record?.summary === undefined) return await counter.tree(folder);
  let bytes = counter.one(folder) + record.summary.diskBytes;
  for (const name of entriesOf(folder).map(String)) {
    if (name !== 'fs') bytes += await counter.tree(path.join(folder, name));
  }
  return bytes;
}

async function measureAll(counter: BlockCounter, folder: string): Promise<{ bytes: number; count: number }> {
  let [bytes, count] = [0, 0];
  for (const name of entriesOf(folder).map(String)) {
    bytes += await counter.tree(path.join(folder, name));
    count += 1;
  }
  return { bytes, count };
}

/** Folders that are counted here without their entries: those are other parts' or follow one by one. */
const split: readonly string[] = [
  '',
  'content',
  'content/blobs',
  'content/blobs/sha256',
  'content/blobs/sha512',
  'content/ingest',
  'snapshots',
  'containers',
];

async function measureRest(counter: BlockCounter, root: string): Promise<number> {
  let bytes = 0;
  for (const folder of split) bytes += counter.one(path.join(root, folder));
  for (const folder of ['', 'content', 'content/blobs']) {
    for (const name of entriesOf(path.join(root, folder)).map(String)) {
      const entry = path.join(folder, name);
      if (!split.includes(entry)) bytes += await counter.tree(path.join(root, entry));
    }
  }
  return bytes;
}

function unheld({ isHeld }: Shares, kind: 'blob' | 'snapshot', sizes: ReadonlyMap<string, number>): number {
  return sum([...sizes].filter(([key]) => !isHeld(kind, key)).map(([, bytes]) => bytes));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
