import { link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { renameat2 } from '@berth/addon/file';
import { RENAME_EXCHANGE } from '@berth/addon/flag';
import { BerthError, errnoName } from '@berth/model/error';
import { memoryBlob } from '../../archive/file-blob.ts';
import { makeBeside, type Making } from '../../archive/making.ts';
import { syncFolder } from '../../archive/sync-folder.ts';
import { writeError, writeVerified } from '../../archive/verified-write.ts';
import type { BlobHints, ImageTarget, SourceBlob } from '../medium.ts';
import { layoutAbilities } from '../oci-archive/open.ts';
import type { Descriptor } from '@berth/model/manifest';
import { fileName, topDocument } from './source.ts';

const versionFile = 'version';
const version = 'Directory Transport Version: 1.1\n';

/**
 * A folder as skopeo's `dir:` has it. It is made beside its place and takes it when it is whole; the image that was
 * there before goes then. Blobs that this one had already are taken over.
 * @throws failed_precondition (`not_empty`: the folder has other things)
 */
export async function openDirTarget(path: string): Promise<ImageTarget> {
  const place = resolve(path);
  const occupied = await isOccupied(place);
  const making = await makeBeside(place, 'folder');
  return new DirTarget(`dir:${path}`, { place, making, occupied });
}

/** True where an image of this medium is; false where nothing is, or an empty folder. */
async function isOccupied(place: string): Promise<boolean> {
  try {
    const names = await readdir(place);
    if (names.length === 0) return false;
    if (
      names.includes(versionFile) &&
      (await readFile(join(place, versionFile), 'latin1')).startsWith(version.slice(0, 28))
    )
      return true;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return false;
    if (errnoName(error) !== 'ENOTDIR') throw error;
  }
  throw new BerthError('failed_precondition', `${place} is there, and is no image of dir:`, {
    code: 'not_empty',
    hint: 'name a folder that is empty or is not there yet',
  });
}

interface Places {
  readonly place: string;
  readonly making: Making;
  readonly occupied: boolean;
}

class DirTarget implements ImageTarget {
  readonly title: string;
  readonly abilities = layoutAbilities;
  readonly #places: Places;

  constructor(title: string, places: Places) {
    this.title = title;
    this.#places = places;
  }

  has: ImageTarget['has'] = async (descriptor) => {
    const path = this.#path(descriptor);
    if ((await sizeOf(path)) === descriptor.size) return true;
    const before = join(this.#places.place, fileName(descriptor));
    if (!this.#places.occupied || (await sizeOf(before)) !== descriptor.size) return false;
    await link(before, path);
    return true;
  };

  putBlob: ImageTarget['putBlob'] = async (descriptor, source, hints) => await this.#store(descriptor, source, hints);

  putDocument: ImageTarget['putDocument'] = async (descriptor, bytes, signal) => {
    await this.#store(descriptor, memoryBlob(bytes), { signal });
  };

  checkNames(names: readonly string[]): void {
    if (names.length > 0)
      throw new BerthError('invalid_argument', `${this.title} has no place for names`, {
        code: 'no_names',
        hint: 'leave --additional-tag out, or copy into oci:PATH:TAG',
      });
  }

  publish: ImageTarget['publish'] = async ({ target }) => {
    const { place } = this.#places;
    const making = this.#places.making.path;
    await rename(this.#path(target), join(making, topDocument));
    await this.#write(versionFile, Buffer.from(version));
    await syncFolder(making);
    // Another writer may have come first.
    if (await isOccupied(place)) renameat2({ dirfd: -100, name: making }, -100, place, RENAME_EXCHANGE);
    else await rename(making, place);
    await syncFolder(dirname(place));
  };

  /** After an exchange the old image is where the new one was made. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#places.making[Symbol.asyncDispose]();
  }

  async #store(
    descriptor: Descriptor,
    source: SourceBlob,
    hints: Pick<BlobHints, 'signal' | 'onProgress'>,
  ): Promise<void> {
    const path = this.#path(descriptor);
    const making = `${path}.tmp`;
    try {
      await using file = await open(making, 'w');
      await writeVerified(file, descriptor, source, hints);
      await file.sync();
      await rename(making, path);
    } catch (error) {
      await rm(making, { force: true });
      throw writeError(error, this.#places.place);
    }
  }

  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await using file = await open(join(this.#places.making.path, name), 'w');
    await file.writeFile(bytes);
    await file.sync();
  }

  #path(descriptor: Descriptor): string {
    return join(this.#places.making.path, fileName(descriptor));
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
