import { digestAlgorithm } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { openArchiveSource } from '../../archive/archive-source.ts';
import { layoutEntries, replaces } from '../../archive/layout-entry.ts';
import { indexFile, layoutFile } from '../../archive/oci-layout.ts';
import type { OpenOptions } from '../../archive/open.ts';
import { TarFile } from '../../archive/tar-file.ts';
import { blobPath, layoutIndex, layoutVersion } from '../../archive/write-archive.ts';
import type { ImageSource, ImageTarget, TargetAbilities } from '../medium.ts';

export interface ArchiveLocation {
  readonly path: string;
  readonly reference?: string;
}

/** An OCI layout in a tar, also compressed as a whole. @throws as `openArchiveSource` */
export async function openOciArchiveSource(location: ArchiveLocation, options: OpenOptions): Promise<ImageSource> {
  return await openArchiveSource({ ...options, ...location, title: titleOf(location) });
}

/** A new OCI layout in a tar. A file of that name is replaced when all of it is written. */
export async function openOciArchiveTarget(location: ArchiveLocation): Promise<ImageTarget> {
  const tar = await TarFile.create(location.path);
  try {
    await tar.append(layoutFile, layoutVersion);
    await tar.appendFolder('blobs');
    await tar.appendFolder('blobs/sha256');
  } catch (error) {
    await tar[Symbol.asyncDispose]();
    throw error;
  }
  return new OciArchiveTarget(location, tar);
}

function titleOf({ path, reference }: ArchiveLocation): string {
  return `oci-archive:${path}${reference === undefined ? '' : `:${reference}`}`;
}

/** What a layout takes: all that OCI knows, as it is. */
export const layoutAbilities: TargetAbilities = {
  index: true,
  sparseIndex: false,
  manifestBytes: true,
  artifacts: true,
  compressions: ['none', 'gzip', 'zstd'],
};

class OciArchiveTarget implements ImageTarget {
  readonly title: string;
  readonly abilities = layoutAbilities;
  readonly keepsNames: boolean;
  readonly #reference: string | undefined;
  readonly #tar: TarFile;
  readonly #folders = new Set(['sha256']);
  #entries: readonly Descriptor[] = [];

  constructor(location: ArchiveLocation, tar: TarFile) {
    this.title = titleOf(location);
    this.keepsNames = location.reference === undefined;
    this.#reference = location.reference;
    this.#tar = tar;
  }

  has: ImageTarget['has'] = async ({ digest }) => this.#tar.has(blobPath(digest));

  putBlob: ImageTarget['putBlob'] = async (descriptor, source, hints) => {
    await this.#folderFor(descriptor);
    await this.#tar.put(blobPath(descriptor.digest), descriptor, source, hints);
  };

  putDocument: ImageTarget['putDocument'] = async (descriptor, bytes, signal) => {
    await this.#folderFor(descriptor);
    await this.#tar.putDocument(blobPath(descriptor.digest), descriptor, bytes, signal);
  };

  publish: ImageTarget['publish'] = async ({ target, names }) => {
    for (const entry of layoutEntries(target, this.#reference, names)) {
      this.#entries = [...this.#entries.filter((old) => !replaces(entry, old)), entry];
    }
  };

  finish: NonNullable<ImageTarget['finish']> = async () => {
    await this.#tar.append(indexFile, layoutIndex(this.#entries));
    await this.#tar.finish();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tar[Symbol.asyncDispose]();
  }

  async #folderFor({ digest }: Descriptor): Promise<void> {
    const algorithm = digestAlgorithm(digest);
    if (this.#folders.has(algorithm)) return;
    this.#folders.add(algorithm);
    await this.#tar.appendFolder(`blobs/${algorithm}`);
  }
}
