import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoName } from '@berth/model/error';
import { FileLock } from './file-lock.ts';
import { writeError } from './verified-write.ts';

/** What is made beside the place that it will take, locked as long as somebody makes it. */
export interface Making extends AsyncDisposable {
  readonly path: string;
}

/**
 * A new file or folder beside `place`. What makers of the same place left there when they were killed is removed.
 * Dispose takes it away, where it has not taken its place.
 * @throws not_found (no such folder), permission_denied, failed_precondition (`read_only`), resource_exhausted
 */
export async function makeBeside(place: string, kind: 'file' | 'folder'): Promise<Making> {
  try {
    await removeAbandoned(place);
    for (;;) {
      const path = `${place}.tmp-${randomBytes(6).toString('hex')}`;
      if (kind === 'folder') await mkdir(path);
      else await (await open(path, 'wx')).close();
      const lock = await lockNew(path);
      if (lock !== undefined) return { path, [Symbol.asyncDispose]: async () => await remove(path, lock) };
    }
  } catch (error) {
    throw writeError(error, place);
  }
}

async function remove(path: string, lock: FileLock): Promise<void> {
  await using _ = lock;
  await rm(path, { recursive: true, force: true });
}

/** Undefined when another maker of the same place took it for abandoned, in the moment before it was locked. */
async function lockNew(path: string): Promise<FileLock | undefined> {
  let lock: FileLock | undefined;
  try {
    lock = await FileLock.open(path);
    if (lock.tryAcquire() && (await lock.isAt(path))) return lock;
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
  }
  await lock?.[Symbol.asyncDispose]();
  return undefined;
}

async function removeAbandoned(place: string): Promise<void> {
  const start = `${basename(place)}.tmp-`;
  for (const name of await namesIn(dirname(place))) {
    if (!name.startsWith(start) || !/^[0-9a-f]{12}$/.test(name.slice(start.length))) continue;
    const path = join(dirname(place), name);
    try {
      await using lock = await FileLock.open(path);
      if (lock.tryAcquire()) await rm(path, { recursive: true, force: true });
    } catch (error) {
      // Its maker has just ended.
      if (errnoName(error) !== 'ENOENT') throw error;
    }
  }
}

/** A folder may be for writing only. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoName(error) === 'EACCES') return [];
    throw error;
  }
}
