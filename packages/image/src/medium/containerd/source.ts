import type { Descriptor } from '@berth/model/manifest';
import { isReference, parseReference } from '@berth/model/reference';
import { sourceBlob } from '../../archive/file-blob.ts';
import type { Channel } from '../../grpc/channel.ts';
import { formatLocation } from '../location.ts';
import type { ImageSource, RepositoryName, SourceBlob, SourceImage } from '../medium.ts';
import { connectContainerd, type ContainerdAccess, type ContainerdPlace } from './connect.ts';
import { blobInfo, readBlob, readDocument } from './content.ts';
import { originOf } from './labels.ts';
import { contentRoot, localBlob } from './local-root.ts';
import { findImage, type NamedImage } from './names.ts';

/**
 * An image of a live containerd. Its index may be sparse: what is not there was never pulled.
 * @throws unavailable (`no_server`), not_found (`no_such_image`), invalid_argument, permission_denied
 */
export async function openContainerdSource(access: ContainerdAccess, place: ContainerdPlace): Promise<ImageSource> {
  const channel = await connectContainerd(access, place.namespace);
  try {
    const signal = access.signal ?? new AbortController().signal;
    const image = await findImage(channel, place, signal);
    const info = await blobInfo(channel, image.target.digest, signal);
    const origin = originOf(info?.labels ?? {});
    return new ContainerdSource({ channel, place, image, root: await contentRoot(channel, signal), origin });
  } catch (error) {
    await channel[Symbol.asyncDispose]();
    throw error;
  }
}

interface Opened {
  readonly channel: Channel;
  readonly place: ContainerdPlace;
  readonly image: NamedImage;
  /** Of the content store, where it may be on this machine. */
  readonly root: string | undefined;
  readonly origin: RepositoryName | undefined;
}

class ContainerdSource implements ImageSource {
  readonly title: string;
  readonly origin?: RepositoryName;
  readonly #channel: Channel;
  readonly #image: NamedImage;
  readonly #root: string | undefined;

  constructor({ channel, place, image, root, origin }: Opened) {
    this.title = formatLocation({ medium: 'containerd', ...place });
    this.#channel = channel;
    this.#image = image;
    this.#root = root;
    if (origin !== undefined) this.origin = origin;
  }

  async images(): Promise<readonly SourceImage[]> {
    const { name, target } = this.#image;
    // CRI names images by their id too, and dockerd those without a name `moby-dangling@sha256:…`.
    const isName = isReference(name) && !/^(?:sha256:|moby-dangling@)/.test(name);
    return [{ names: isName ? [parseReference(name).name] : [], target }];
  }

  async has({ digest }: Descriptor, signal: AbortSignal): Promise<boolean> {
    return (await blobInfo(this.#channel, digest, signal)) !== undefined;
  }

  async document(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
    return await readDocument(this.#channel, descriptor, signal);
  }

  blob(descriptor: Descriptor): SourceBlob {
    const path = localBlob(this.#root, descriptor);
    if (path !== undefined) return sourceBlob({ path, offset: 0, size: descriptor.size });
    return { read: (signal, offset = 0) => readBlob(this.#channel, descriptor, { signal, offset }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}
