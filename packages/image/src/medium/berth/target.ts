import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { type Descriptor, maxManifestSize } from '@berth/model/manifest';
import type { Reference } from '@berth/model/reference';
import { memoryBlob } from '../../archive/file-blob.ts';
import { checkBytes } from '../../archive/verified-write.ts';
import type { BlobHints, ImageTarget, PublishedImage, SourceBlob, TargetAbilities } from '../medium.ts';
import { Door, type DoorOptions } from './door.ts';
import { imageName, isDocument, pagesOf, tagOf } from './place.ts';
import { cancelUpload, lookUpload, openUpload, sendBlob, type Upload } from './upload.ts';

/** A name in a Berth store. @throws invalid_argument (`bad_reference`, `needs_tag`) */
export async function openDoorTarget(options: DoorOptions, name: string): Promise<ImageTarget> {
  return new BerthTarget(new Door(options), name);
}

class BerthTarget implements ImageTarget {
  readonly title: string;
  readonly abilities: TargetAbilities = {
    index: true,
    sparseIndex: true,
    manifestBytes: true,
    artifacts: true,
    compressions: ['none', 'gzip', 'zstd'],
  };
  readonly #door: Door;
  readonly #name: Reference;
  readonly #pages: ReturnType<typeof pagesOf>;
  /** Opened by `has`, to be filled by `putBlob`. */
  readonly #uploads = new Map<Digest, Upload>();

  constructor(door: Door, name: string) {
    this.title = door.title;
    this.#door = door;
    this.#name = imageName(name);
    tagOf(this.#name);
    this.#pages = pagesOf(this.#name);
  }

  /** Of a blob this takes it over, from whatever namespace has it, so that it is not collected before its manifest. */
  async has(descriptor: Descriptor, { signal }: BlobHints): Promise<boolean> {
    const { digest } = descriptor;
    if (isDocument(descriptor)) return await this.#hasDocument(descriptor, signal);
    if (this.#uploads.has(digest)) return false;
    const upload = await openUpload(this.#door, this.#pages.uploads(digest), signal);
    if (upload !== undefined) this.#uploads.set(digest, upload);
    return upload === undefined;
  }

  async putBlob(descriptor: Descriptor, source: SourceBlob, hints: BlobHints): Promise<void> {
    for (let fresh = false; ; fresh = true) {
      const upload = await this.#upload(descriptor.digest, hints.signal);
      if (upload === undefined) return;
      try {
        await sendBlob(this.#door, upload, { descriptor, source, hints });
        this.#uploads.delete(descriptor.digest);
        return;
      } catch (error) {
        const isGone = isKind(error, 'not_found') && error.code === 'no_such_upload';
        if (!isGone && !isKind(error, 'data_loss')) throw error;
        this.#uploads.delete(descriptor.digest);
        if (!isGone) await cancelUpload(this.#door, upload, hints.signal);
        // Once more, where another copy of the same blob may have ended it, or an earlier one may have left wrong bytes.
        if (fresh || (!isGone && upload.offset === 0)) throw error;
      }
    }
  }

  async putDocument(descriptor: Descriptor, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    checkBytes(descriptor, bytes);
    if (!isDocument(descriptor)) return await this.putBlob(descriptor, memoryBlob(bytes), { signal });
    await this.#putManifest(this.#pages.manifest(descriptor.digest), { descriptor, bytes, signal });
  }

  async publish({ target, names }: PublishedImage, signal: AbortSignal): Promise<void> {
    const page = this.#pages.manifest(target.digest);
    const { bytes } = await this.#door.ask({ method: 'GET', page, signal }, maxManifestSize);
    // Every name is looked at before the first is given.
    const places = [this.#name, ...names.map(imageName)].map((name) => pagesOf(name).manifest(tagOf(name)));
    for (const place of new Set(places)) await this.#putManifest(place, { descriptor: target, bytes, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]();
  }

  async #hasDocument(descriptor: Descriptor, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#door.ask({ method: 'HEAD', page: this.#pages.content(descriptor), signal });
      return true;
    } catch (error) {
      if (isKind(error, 'not_found')) return false;
      throw error;
    }
  }

  /** Undefined when the blob is there by now. */
  async #upload(digest: Digest, signal: AbortSignal): Promise<Upload | undefined> {
    const before = this.#uploads.get(digest);
    // A try that failed may have left it anywhere.
    const known = before === undefined ? undefined : await lookUpload(this.#door, before.location, signal);
    const upload = known ?? (await openUpload(this.#door, this.#pages.uploads(digest), signal));
    if (upload !== undefined) this.#uploads.set(digest, upload);
    return upload;
  }

  async #putManifest(page: string, { descriptor, bytes, signal }: ManifestToPut): Promise<void> {
    const headers = { 'content-type': descriptor.mediaType };
    const { headers: answered } = await this.#door.ask({ method: 'PUT', page, headers, body: bytes, signal });
    if (answered['docker-content-digest'] === descriptor.digest) return;
    throw new BerthError('data_loss', `${this.title} took ${descriptor.digest} for something else`, {
      code: 'digest_mismatch',
    });
  }
}

interface ManifestToPut {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal;
}
