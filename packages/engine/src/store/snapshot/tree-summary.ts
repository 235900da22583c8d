import { lstatSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoName } from '@berth/model/error';
import type { TreeSummary } from '../metadata/snapshot-table.ts';

/** Synchronous calls are five times quicker than promises; this is how long they keep everybody else waiting, ms. */
const slice = 4;

/** Entries between two looks at the clock. */
const stride = 256;

/**
 * What a tree holds, its own folder included. A file with several names counts once. Names are taken as bytes: layers hold
 * some that are not UTF-8. Of a tree that a container writes to, what goes meanwhile does not count, and neither does what is
 * too deep to be reached by a path. @throws the errno of `root` itself
 */
export async function summarizeTree(root: string): Promise<TreeSummary> {
  const total = { inodes: 0, diskBytes: 0, fileBytes: 0, emptyFiles: 0 };
  const linked = new Set<number>();
  const pending = [Buffer.from(root)];
  count(total, lstatSync(root));
  let started = performance.now();
  let entries = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const name of namesIn(folder)) {
      entries += 1;
      if (entries % stride === 0 && performance.now() - started >= slice) {
        await nextTurn();
        started = performance.now();
      }
      const path = Buffer.concat([folder, separator, name]);
      const stat = reach(() => lstatSync(path));
      if (stat === undefined) continue;
      if (stat.isDirectory()) pending.push(path);
      else if (stat.nlink > 1) {
        if (linked.has(stat.ino)) continue;
        linked.add(stat.ino);
      }
      count(total, stat);
    }
    if (performance.now() - started < slice) continue;
    await nextTurn();
    started = performance.now();
  }
  return total;
}

function namesIn(folder: Buffer): Buffer[] {
  return reach(() => readdirSync(folder, 'buffer')) ?? [];
}

/** Undefined for what is gone, or has become something else, or lies too deep. */
function reach<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}

const separator = Buffer.from('/');

interface Counted {
  readonly blocks: number;
  readonly size: number;
  isFile(): boolean;
}

function count(total: { -readonly [key in keyof TreeSummary]: number }, stat: Counted): void {
  total.inodes += 1;
  total.diskBytes += stat.blocks * 512;
  if (!stat.isFile()) return;
  total.fileBytes += stat.size;
  if (stat.size === 0) total.emptyFiles += 1;
}
