import { lstatSync, opendirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { tolerate } from '@berth/model/error';

/** A tree of at most so many entries is deleted at once. */
const few = 64;
/** Bytes: the kernel takes its time to give back the blocks of a larger file. */
const small = 16 << 20;

/**
 * Deletes a tree. A small one, as most containers leave, at once, in a fifth of a millisecond: through the thread pool each of
 * its system calls is a trip to another thread and back. A larger one keeps nobody from working.
 */
export async function removeTree(folder: string): Promise<void> {
  const options = { recursive: true, force: true } as const;
  let isFew = false;
  // Gone, or out of reach: then it is told below.
  tolerate(['ENOENT', 'ENOTDIR', 'EACCES'], () => (isFew = countUpTo(folder, few) < few));
  if (isFew) rmSync(folder, options);
  else await rm(folder, options);
}

/** How many entries are below a folder, not more than `limit`; a large file counts as the limit. */
function countUpTo(folder: string, limit: number): number {
  const entries = opendirSync(folder);
  let count = 0;
  try {
    for (let entry = entries.readSync(); entry !== null && count < limit; entry = entries.readSync()) {
      const name = path.join(folder, entry.name);
      count += 1;
      if (entry.isDirectory()) count += countUpTo(name, limit - count);
      else if (entry.isFile() && lstatSync(name).size > small) count = limit;
    }
  } finally {
    entries.closeSync();
  }
  return Math.min(count, limit);
}
