import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from '@berth/model/context';
import { errnoName } from '@berth/model/error';
import type { SnapshotRecord, TreeSummary } from '../metadata/snapshot-table.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import type { Snapshots } from './snapshots.ts';
import { summarizeTree } from './tree-summary.ts';

export interface CheckOptions {
  readonly snapshots: Snapshots;
  readonly metadata: SqliteMetadata;
  readonly log: Log;
  /** How long the check may take, ms; default 20 s. The trees committed last, which a power cut hits first, come first. */
  readonly budget?: number;
}

const defaultBudget = 20_000;

/**
 * After the machine went down under a daemon: compares each committed tree with what it held when it was committed
 * (inodes, bytes, empty files: the zero-length files of a lost write-back show in all of these). A tree that
 * differs, and what is committed on top of it, is dropped, to be unpacked again from its blob. One that a container
 * still stands on is kept for that container only, under another key. Answers the keys that are free again.
 */
export async function checkTrees(options: CheckOptions): Promise<readonly string[]> {
  const { snapshots, metadata, log, budget = defaultBudget } = options;
  const records = metadata.read((tx) => tx.snapshots.all());
  for (const record of records) if (record.kind !== 'committed') await restoreLost(options, record);
  const end = performance.now() + budget;
  const damaged = new Set<string>();
  let unchecked = 0;
  for (const record of committedLastFirst(records)) {
    if (performance.now() > end) unchecked += 1;
    else if (!(await isWhole(snapshots, record))) damaged.add(record.key);
  }
  if (unchecked > 0) log.warn('not all layers were checked in time', { unchecked, seconds: budget / 1000 });
  for (const key of withDescendants(records, damaged)) await retire(options, key);
  return [...damaged];
}

function committedLastFirst(records: readonly SnapshotRecord[]): SnapshotRecord[] {
  return records.filter(({ kind }) => kind === 'committed').toSorted((a, b) => b.updatedAt - a.updatedAt);
}

async function isWhole(snapshots: Snapshots, record: SnapshotRecord): Promise<boolean> {
  try {
    // Others get their turn between two trees.
    await pause(0);
    return record.summary !== undefined && isSame(record.summary, await summarizeTree(snapshots.filesOf(record)));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Not by blocks: file systems move and merge those on their own. */
function isSame(recorded: TreeSummary, found: TreeSummary): boolean {
  return (
    recorded.inodes === found.inodes &&
    recorded.fileBytes === found.fileBytes &&
    recorded.emptyFiles === found.emptyFiles
  );
}

/** Committed trees that are damaged or stand on one that is, each before what it stands on. */
function withDescendants(records: readonly SnapshotRecord[], damaged: Set<string>): string[] {
  const children = Map.groupBy(
    records.filter(({ kind }) => kind === 'committed'),
    ({ parent }) => parent,
  );
  const ordered: string[] = [];
  const visit = (key: string): void => {
    if (ordered.includes(key)) return;
    damaged.add(key);
    for (const child of children.get(key) ?? []) visit(child.key);
    ordered.push(key);
  };
  // Grows meanwhile, by what was visited already.
  for (const key of damaged) visit(key);
  return ordered;
}

async function retire({ snapshots, metadata, log }: CheckOptions, key: string): Promise<void> {
  const id = await metadata.write((tx) => {
    const record = tx.snapshots.find(key);
    if (tx.snapshots.children(key).length === 0) return tx.snapshots.delete(key).id;
    const kept = `damaged-${record.id}`;
    if (key !== kept) tx.snapshots.rename(key, kept);
    return undefined;
  });
  if (id === undefined)
    log.error('a layer is damaged and a container stands on it: remove and create that container', { snapshot: key });
  else log.warn('a layer was damaged: it will be unpacked again', { snapshot: key });
  if (id !== undefined) await snapshots.discard(id);
}

/** A writable layer whose folder never reached the disk. */
async function restoreLost({ snapshots, log }: CheckOptions, record: SnapshotRecord): Promise<void> {
  if (existsSync(snapshots.filesOf(record))) return;
  log.error('the files of a snapshot are lost: it starts empty again', { snapshot: record.key });
  await snapshots.restoreFolder(record);
}
