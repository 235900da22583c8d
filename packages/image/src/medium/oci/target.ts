import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '@berth/model/digest';
import { BerthError, errnoName } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { FileLock } from '../../archive/file-lock.ts';
import { memoryBlob } from '../../archive/file-blob.ts';
import { layoutEntries } from '../../archive/layout-entry.ts';
import { indexFile, layoutFile } from '../../archive/oci-layout.ts';
import { syncFolder } from '../../archive/sync-folder.ts';
import { writeError, writeVerified } from '../../archive/verified-write.ts';
import { blobPath, layoutVersion } from '../../archive/write-archive.ts';
import type { BlobHints, ImageTarget, SourceBlob } from '../medium.ts';
import { layoutAbilities } from '../oci-archive/open.ts';
import { addEntries, readIndex, writeWhole } from './index-file.ts';
import { reachableIn } from './reachable.ts';

export interface FolderLocation {
  readonly path: string;
  readonly reference?: string;
}

/**
 * A layout folder, new or one that has images already: their blobs are not written again. Several may write at once.
 * What a copy that failed has brought is removed, unless others work on the layout just then.
 * @throws failed_precondition (`not_a_layout`, `read_only`), permission_denied; as `readIndex`
 */
export async function openOciTarget(location: FolderLocation, signal: AbortSignal): Promise<ImageTarget> {
  const { path } = location;
  const made = await prepareFolder(path);
  const use = await FileLock.open(path);
  try {
    // Nobody writes now: what is half written was left by a process that was killed.
    if (use.tryAcquire()) await removeRemains(path);
    await use.share(signal);
    // One that cannot be read is told of before anything is put.
    await readIndex(path);
    return new OciFolderTarget(location, { use, made });
  } catch (error) {
    await use[Symbol.asyncDispose]();
    throw writeError(error, path);
  }
}

/** @returns what has to go when nothing comes of it: the topmost folder that was made */
async function prepareFolder(path: string): Promise<string | undefined> {
  await checkLayout(path);
  try {
    return await makeFolders(join(path, 'blobs', 'sha256'));
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Node's own recursive mkdir says ENOENT on a file system that is read-only. @returns the topmost that was made */
async function makeFolders(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    if (errnoName(error) === 'EEXIST') return undefined;
    if (errnoName(error) !== 'ENOENT' || dirname(path) === path) throw error;
    const made = await makeFolders(dirname(path));
    return (await makeFolders(path)) === undefined ? made : (made ?? path);
  }
}

/** A folder of other things is not made a layout by mistake. */
async function checkLayout(path: string): Promise<void> {
  try {
    const names = await readdir(path);
    if (names.length === 0 || [layoutFile, indexFile, 'blobs'].some((name) => names.includes(name))) return;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return;
    if (errnoName(error) !== 'ENOTDIR') throw writeError(error, path);
  }
  throw new BerthError('failed_precondition', `${path} is there, and is no layout of images`, {
    code: 'not_a_layout',
    hint: 'name a folder that is empty, is not there yet, or has an OCI layout',
  });
}

async function removeRemains(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (/^\.(blob|index\.json|oci-layout)\.tmp-[0-9a-f]+$/.test(name)) await rm(join(path, name), { force: true });
  }
}

async function fileSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : -1;
  } catch (error) {
    if (errnoName(error) === 'ENOENT' || errnoName(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

interface Held {
  /** Shared as long as the target is open: nobody removes blobs meanwhile. */
  readonly use: FileLock;
  readonly made: string | undefined;
}

class OciFolderTarget implements ImageTarget {
  readonly title: string;
  readonly abilities = layoutAbilities;
  readonly keepsNames: boolean;
  readonly #folder: string;
  readonly #reference: string | undefined;
  readonly #held: Held;
  readonly #added = new Set<Digest>();
  /** Folders that were written into: one for each algorithm. */
  readonly #written: Set<string>;

  constructor({ path, reference }: FolderLocation, held: Held) {
    this.title = `oci:${path}${reference === undefined ? '' : `:${reference}`}`;
    this.keepsNames = reference === undefined;
    this.#folder = path;
    this.#reference = reference;
    this.#held = held;
    // What was found there may be of a copy that runs just now.
    this.#written = new Set([join(path, 'blobs', 'sha256')]);
  }

  has: ImageTarget['has'] = async ({ digest, size }) => (await fileSize(this.#blob(digest))) === size;

  putBlob: ImageTarget['putBlob'] = async (descriptor, source, hints) => await this.#store(descriptor, source, hints);

  putDocument: ImageTarget['putDocument'] = async (descriptor, bytes, signal) => {
    await this.#store(descriptor, memoryBlob(bytes), { signal });
  };

  publish: ImageTarget['publish'] = async ({ target, names }, signal) => {
    for (const folder of new Set([...this.#written, join(this.#folder, 'blobs')])) await syncFolder(folder);
    // The folder of blobs has the lock of index.json: that of the layout is shared by all who write blobs.
    await using turn = await FileLock.open(join(this.#folder, 'blobs'));
    await turn.acquire(signal);
    await this.#writeVersion();
    await addEntries(this.#folder, layoutEntries(target, this.#reference, names));
    this.#added.clear();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await using use = this.#held.use;
    if (use.tryAcquire()) await this.#takeBack();
  }

  async #store(
    descriptor: Descriptor,
    source: SourceBlob,
    hints: Pick<BlobHints, 'signal' | 'onProgress'>,
  ): Promise<void> {
    const path = this.#blob(descriptor.digest);
    // Beside the blobs' folders: readers of layouts take every file in those for a blob.
    const making = join(this.#folder, `.blob.tmp-${randomBytes(8).toString('hex')}`);
    try {
      await makeFolders(dirname(path));
      await using file = await open(making, 'wx');
      await writeVerified(file, descriptor, source, hints);
      await file.sync();
      this.#written.add(dirname(path));
      const isNew = (await fileSize(path)) === undefined;
      await rename(making, path);
      if (isNew) this.#added.add(descriptor.digest);
    } catch (error) {
      await rm(making, { force: true });
      throw writeError(error, this.#folder);
    }
  }

  async #writeVersion(): Promise<void> {
    try {
      await readFile(join(this.#folder, layoutFile));
    } catch (error) {
      if (errnoName(error) !== 'ENOENT') throw error;
      await writeWhole(this.#folder, layoutFile, layoutVersion);
    }
  }

  /** Nobody else uses the layout, but somebody may have, and found our blobs there. */
  async #takeBack(): Promise<void> {
    const index = await readIndex(this.#folder);
    if (index === undefined && this.#held.made !== undefined) {
      await rm(this.#held.made, { recursive: true, force: true });
      return;
    }
    if (this.#added.size === 0) return;
    const used = await reachableIn(this.#folder, index?.manifests ?? []);
    for (const digest of this.#added) if (!used.has(digest)) await rm(this.#blob(digest), { force: true });
  }

  #blob(digest: Digest): string {
    return join(this.#folder, blobPath(digest));
  }
}
