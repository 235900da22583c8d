import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { parseReference, type Reference, repositoryOf } from '@berth/model/reference';
import type { RegistryClient, Repository } from '../../registry/contract.ts';
import type { BlobHints, ImageTarget, PublishedImage, SourceBlob, TargetAbilities } from '../medium.ts';
import { isManifest } from './source.ts';

/** Nothing is asked until something is to be put. Closing it leaves the client open. */
export function openRegistryTarget(client: RegistryClient, reference: Reference): ImageTarget {
  return new RegistryTarget(client.repository({ domain: reference.domain, path: reference.path }), reference);
}

class RegistryTarget implements ImageTarget {
  readonly title: string;
  readonly abilities: TargetAbilities = {
    index: true,
    // A registry refuses an index when it lacks what that names.
    sparseIndex: false,
    manifestBytes: true,
    artifacts: true,
    compressions: ['none', 'gzip', 'zstd'],
  };
  readonly triesAgain = true;
  readonly #repository: Repository;
  readonly #reference: Reference;
  /** The manifest that was put last: of an image that is its root. */
  #latest: { readonly digest: string; readonly bytes: Uint8Array } | undefined;

  constructor(repository: Repository, reference: Reference) {
    this.#repository = repository;
    this.#reference = reference;
    this.title = `registry://${reference.name}`;
  }

  checkNames(names: readonly string[]): void {
    for (const name of names) this.#tagOf(name);
  }

  async has({ digest, mediaType }: Descriptor, { signal, origin }: BlobHints): Promise<boolean> {
    if (isManifest(mediaType)) return await this.#repository.hasManifest(digest, signal);
    if (await this.#repository.hasBlob(digest, signal)) return true;
    const { domain, path } = this.#repository.name;
    if (origin === undefined || origin.domain !== domain || origin.path === path) return false;
    return await this.#repository.mount(digest, origin.path, signal);
  }

  async putBlob(descriptor: Descriptor, source: SourceBlob, { signal, onProgress }: BlobHints): Promise<void> {
    const options = { signal, ...(onProgress === undefined ? {} : { onProgress }) };
    await this.#repository.pushBlob(descriptor, (offset) => source.read(signal, offset), options);
  }

  async putDocument(descriptor: Descriptor, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    if (isManifest(descriptor.mediaType)) {
      await this.#repository.pushManifest(descriptor, bytes, { signal });
      this.#latest = { digest: descriptor.digest, bytes };
      return;
    }
    await this.#repository.pushBlob(descriptor, (offset) => only(bytes.subarray(offset)), { signal });
  }

  async publish({ target, names }: PublishedImage, signal: AbortSignal): Promise<void> {
    const tags = [this.#reference.tag, ...names.map((name) => this.#tagOf(name))];
    if (this.#reference.digest !== undefined && this.#reference.digest !== target.digest)
      throw new BerthError('invalid_argument', `${this.title} cannot be pushed: the image is ${target.digest}`, {
        code: 'digest_differs',
        hint: 'name a tag, or leave the digest out',
      });
    const known = this.#latest?.digest === target.digest ? this.#latest.bytes : undefined;
    const bytes = known ?? (await this.#repository.manifest(target, signal));
    for (const tag of new Set(tags))
      if (tag !== undefined) await this.#repository.pushManifest(target, bytes, { tag, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #tagOf(name: string): string | undefined {
    const reference = parseReference(name);
    if (repositoryOf(reference) === repositoryOf(this.#reference)) return reference.tag;
    throw new BerthError('invalid_argument', `'${name}' is not in ${repositoryOf(this.#reference)}`, {
      code: 'other_repository',
      hint: 'further tags are of the same repository; copy the image once more to have it in another',
    });
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
