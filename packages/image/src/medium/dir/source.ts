import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, sha256 } from '@berth/model/digest';
import { BerthError, errnoName } from '@berth/model/error';
import { asString, member, readJson } from '@berth/model/json-reader';
import { type Descriptor, maxManifestSize } from '@berth/model/manifest';
import { isIndexType, isManifestType, mediaTypes } from '@berth/model/media-type';
import { sourceBlob } from '../../archive/file-blob.ts';
import type { FileSource } from '../../archive/archive.ts';
import { readSmallFile } from '../../archive/member.ts';
import { checkBytes } from '../../archive/verified-write.ts';
import type { ImageSource } from '../medium.ts';

export const topDocument = 'manifest.json';

/** The file of a blob or document: those of an index's manifests have another ending than blobs. */
export function fileName({ digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>): string {
  const hex = digestHex(digest);
  return isManifestType(mediaType) || isIndexType(mediaType) ? `${hex}.manifest.json` : hex;
}

/** A folder as skopeo writes it for `dir:`: one image, without a name. @throws not_found, invalid_argument (`bad_json`) */
export async function openDirSource(path: string): Promise<ImageSource> {
  const top = await readOrFail(join(path, topDocument), `dir:${path} has no image: there is no ${topDocument}`);
  const target = { mediaType: mediaTypeOf(top, join(path, topDocument)), digest: sha256(top), size: top.length };
  return new DirSource(path, target);
}

class DirSource implements ImageSource {
  readonly title: string;
  readonly #folder: string;
  readonly #target: Descriptor;

  constructor(folder: string, target: Descriptor) {
    this.title = `dir:${folder}`;
    this.#folder = folder;
    this.#target = target;
  }

  images: ImageSource['images'] = async () => [{ names: [], target: this.#target }];
  has: ImageSource['has'] = async (descriptor) => (await this.#find(descriptor)) !== undefined;

  document: ImageSource['document'] = async (descriptor) => {
    const file = await this.#find(descriptor);
    if (file === undefined) throw missing(this.title, descriptor);
    const bytes = await readSmallFile(file.path, maxManifestSize);
    checkBytes(descriptor, bytes);
    return bytes;
  };

  blob: ImageSource['blob'] = (descriptor) =>
    sourceBlob({ path: this.#path(descriptor), offset: 0, size: descriptor.size });

  async [Symbol.asyncDispose](): Promise<void> {}

  #path(descriptor: Descriptor): string {
    return join(this.#folder, descriptor.digest === this.#target.digest ? topDocument : fileName(descriptor));
  }

  async #find(descriptor: Descriptor): Promise<FileSource | undefined> {
    const path = this.#path(descriptor);
    try {
      const found = await stat(path);
      return found.isFile() ? { path, offset: 0, size: found.size } : undefined;
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** What a manifest is, by what it says itself or by its members: nothing else in the folder tells. */
function mediaTypeOf(bytes: Uint8Array, what: string): string {
  const json = readJson(bytes, what, maxManifestSize);
  const named = member(json, 'mediaType');
  if (named !== undefined) return asString(named);
  return member(json, 'manifests') === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex;
}

async function readOrFail(path: string, message: string): Promise<Uint8Array> {
  try {
    return await readSmallFile(path, maxManifestSize);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT' && errnoName(error) !== 'ENOTDIR') throw error;
    throw new BerthError('not_found', message, { code: 'no_such_image', cause: error });
  }
}

function missing(title: string, { digest, mediaType }: Descriptor): BerthError {
  return new BerthError('not_found', `${title} has no ${digest} (${mediaType})`, { code: 'no_such_blob' });
}
