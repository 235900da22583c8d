import { createHash } from 'node:crypto';
import { digestAlgorithm } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { type Descriptor, maxManifestSize } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import type { Reference } from '@berth/model/reference';
import type { RegistryClient, Repository } from '../../registry/contract.ts';
import type { ImageSource, SourceBlob, SourceImage } from '../medium.ts';

/** Nothing is asked until the image is. Closing it leaves the client open. */
export function openRegistrySource(client: RegistryClient, reference: Reference): ImageSource {
  return new RegistrySource(client.repository({ domain: reference.domain, path: reference.path }), reference);
}

class RegistrySource implements ImageSource {
  readonly title: string;
  readonly triesAgain = true;
  readonly origin: Repository['name'];
  readonly #repository: Repository;
  readonly #reference: Reference;
  /** The manifest that came along when the name was resolved. */
  #resolved: { readonly digest: string; readonly bytes: Uint8Array } | undefined;

  constructor(repository: Repository, reference: Reference) {
    this.#repository = repository;
    this.#reference = reference;
    this.origin = repository.name;
    this.title = `registry://${reference.name}`;
  }

  async images(signal: AbortSignal): Promise<readonly SourceImage[]> {
    const { descriptor, bytes } = await this.#repository.resolve(this.#reference, signal);
    if (bytes !== undefined) this.#resolved = { digest: descriptor.digest, bytes };
    return [{ names: [this.#reference.name], target: descriptor }];
  }

  async has({ digest, mediaType }: Descriptor): Promise<boolean> {
    const signal = new AbortController().signal;
    return isManifest(mediaType)
      ? await this.#repository.hasManifest(digest, signal)
      : await this.#repository.hasBlob(digest, signal);
  }

  async document(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#resolved?.digest === descriptor.digest) return this.#resolved.bytes;
    if (isManifest(descriptor.mediaType)) return await this.#repository.manifest(descriptor, signal);
    return await this.#config(descriptor, signal);
  }

  blob(descriptor: Descriptor): SourceBlob {
    return { read: (signal, offset) => this.#repository.blob(descriptor, signal, offset) };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #config(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    const { digest, size } = descriptor;
    if (size > maxManifestSize)
      throw new BerthError('resource_exhausted', `config ${digest} has ${size} bytes, more than ${maxManifestSize}`, {
        code: 'too_big',
      });
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#repository.blob(descriptor, signal)) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    const algorithm = digestAlgorithm(digest);
    const actual = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
    if (actual === digest) return bytes;
    throw new BerthError('data_loss', `config ${digest} of ${this.title} came as ${actual}`, {
      code: 'digest_mismatch',
    });
  }
}

export function isManifest(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}
