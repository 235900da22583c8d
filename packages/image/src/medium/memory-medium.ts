import { type Digest, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { memoryBlob } from '../archive/file-blob.ts';
import { BlobCheck, checkBytes } from '../archive/verified-write.ts';
import type { ImageSource, ImageTarget, PublishedImage, SourceImage, TargetAbilities } from './medium.ts';

/** Images in memory, for tests: a source of what is put in, and a target that keeps what it gets. */
export class MemoryMedium implements ImageSource, ImageTarget {
  readonly title = 'memory';
  readonly keepsNames = true;
  readonly blobs: Map<Digest, Uint8Array>;
  readonly published: PublishedImage[] = [];
  /** Every blob that was put, with repetitions. */
  readonly puts: Digest[] = [];
  readonly abilities: TargetAbilities;
  readonly #images: readonly SourceImage[];

  constructor(images: readonly SourceImage[] = [], blobs: ReadonlyMap<Digest, Uint8Array> = new Map(), abilities = {}) {
    this.#images = images;
    this.blobs = new Map(blobs);
    this.abilities = {
      index: true,
      sparseIndex: false,
      manifestBytes: true,
      artifacts: true,
      compressions: ['none', 'gzip', 'zstd'],
      ...abilities,
    };
  }

  async images(): Promise<readonly SourceImage[]> {
    return [...this.#images, ...this.published.map(({ names, target }) => ({ names, target }))];
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return this.blobs.has(digest);
  }

  async document(descriptor: Descriptor): Promise<Uint8Array> {
    const bytes = this.#bytes(descriptor);
    checkBytes(descriptor, bytes);
    return bytes;
  }

  blob(descriptor: Descriptor): ReturnType<ImageSource['blob']> {
    return memoryBlob(this.#bytes(descriptor));
  }

  putBlob: ImageTarget['putBlob'] = async (descriptor, source, { signal, onProgress }) => {
    const check = new BlobCheck(descriptor);
    const pieces: Uint8Array[] = [];
    for await (const piece of source.read(signal)) {
      check.add(piece);
      pieces.push(piece);
      onProgress?.(check.size);
      signal.throwIfAborted();
    }
    check.finish();
    this.puts.push(descriptor.digest);
    this.blobs.set(descriptor.digest, Buffer.concat(pieces));
  };

  putDocument: ImageTarget['putDocument'] = async (descriptor, bytes) => {
    checkBytes(descriptor, bytes);
    this.blobs.set(descriptor.digest, bytes);
  };

  publish: ImageTarget['publish'] = async (image) => {
    this.published.push(image);
  };

  async [Symbol.asyncDispose](): Promise<void> {}

  #bytes({ digest }: Descriptor): Uint8Array {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new BerthError('not_found', `memory has no ${digest}`, { code: 'no_such_blob' });
    return bytes;
  }
}

/** Stores bytes and describes them. */
export function store(blobs: Map<Digest, Uint8Array>, mediaType: string, content: string | Uint8Array): Descriptor {
  const bytes = Buffer.from(content);
  const digest = sha256(bytes);
  blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}
