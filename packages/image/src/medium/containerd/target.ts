import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { type Descriptor, parseManifest } from '@berth/model/manifest';
import { parseImageConfig } from '@berth/model/image-config';
import { isConfigType, isManifestType, layerCompression } from '@berth/model/media-type';
import { hostPlatform, matchPlatform } from '@berth/model/platform';
import { isReference, parseReference } from '@berth/model/reference';
import { memoryBlob } from '../../archive/file-blob.ts';
import { checkBytes } from '../../archive/verified-write.ts';
import { isForeign } from '../../copy/blob-mover.ts';
import type { Channel } from '../../grpc/channel.ts';
import { formatLocation } from '../location.ts';
import type { BlobHints, ImageTarget, PublishedImage, SourceBlob, TargetAbilities } from '../medium.ts';
import { connectContainerd, type ContainerdAccess, type ContainerdPlace } from './connect.ts';
import { addLabels, blobInfo, readDocument } from './content.ts';
import { adopt, ingest } from './ingest.ts';
import { EagerUnpacker } from './eager-unpack.ts';
import { childLabels, snapshotLabel, sourceLabel } from './labels.ts';
import { CopyLease } from './lease.ts';
import type { LocalIngest } from './local-ingest.ts';
import { contentRoot } from './local-root.ts';
import { fullName } from './names.ts';
import { writeRecords } from './record.ts';
import { defaultSnapshotter } from './snapshotter.ts';
import { findPacked } from './substitute.ts';
import { type StackedLayer, unpackLayers } from './unpack.ts';

export interface ContainerdTargetOptions extends ContainerdAccess {
  /** Whether the layers of this machine's platform are unpacked too, as `ctr images import` does. True when absent. */
  readonly unpack?: boolean;
  /** For which snapshotter; the namespace's own, CONTAINERD_SNAPSHOTTER or overlayfs when absent. */
  readonly snapshotter?: string;
}

/** CRI's own namespace: kubelet sees the images in it that have the label. */
const kubernetes = 'k8s.io';
const managedLabel = { 'io.cri-containerd.image': 'managed' };

/**
 * A name in a live containerd. The namespace is made when it is not there.
 * @throws unavailable (`no_server`), invalid_argument, permission_denied
 */
export async function openContainerdTarget(
  options: ContainerdTargetOptions,
  place: ContainerdPlace,
): Promise<ImageTarget> {
  const channel = await connectContainerd(options, place.namespace);
  try {
    const signal = options.signal ?? new AbortController().signal;
    const snapshotter =
      options.unpack === false
        ? undefined
        : (options.snapshotter ?? (await defaultSnapshotter(channel, place.namespace, signal)));
    const root = await contentRoot(channel, signal);
    const lease = await CopyLease.take(channel, signal);
    return new ContainerdTarget({ channel, lease, place, snapshotter, root });
  } catch (error) {
    await channel[Symbol.asyncDispose]();
    throw error;
  }
}

interface Opened {
  readonly channel: Channel;
  readonly lease: CopyLease;
  readonly place: ContainerdPlace;
  /** For which layers are unpacked; undefined when they are not. */
  readonly snapshotter: string | undefined;
  /** Of the content store, when it is on this machine. */
  readonly root: string | undefined;
}

class ContainerdTarget implements ImageTarget {
  readonly title: string;
  readonly abilities: TargetAbilities = {
    index: true,
    sparseIndex: true,
    manifestBytes: true,
    artifacts: true,
    compressions: ['none', 'gzip', 'zstd'],
  };
  readonly #channel: Channel;
  readonly #lease: CopyLease;
  readonly #place: ContainerdPlace;
  readonly #snapshotter: string | undefined;
  readonly #eager: EagerUnpacker | undefined;

  constructor({ channel, lease, place, snapshotter, root }: Opened) {
    this.title = formatLocation({ medium: 'containerd', ...place });
    this.#channel = channel;
    this.#lease = lease;
    this.#place = place;
    this.#snapshotter = snapshotter;
    if (snapshotter !== undefined)
      this.#eager = new EagerUnpacker({ channel, lease, namespace: place.namespace, snapshotter, root });
  }

  async has(descriptor: Descriptor, hints: BlobHints): Promise<boolean> {
    this.#eager?.expect(descriptor, hints);
    const isThere = await this.#has(descriptor, hints);
    if (isThere) this.#eager?.beginWithBlob(descriptor);
    return isThere;
  }

  async #has(descriptor: Descriptor, { signal, origin }: BlobHints): Promise<boolean> {
    const { digest, size } = descriptor;
    // Before it is looked for: it could go in between.
    await this.#lease.keepBlob(digest, signal);
    const info = await blobInfo(this.#channel, digest, signal);
    if (info === undefined) {
      const labels = origin === undefined ? {} : sourceLabel(origin);
      return await adopt(this.#channel, { descriptor, signal, labels });
    }
    if (info.size !== BigInt(size)) return false;
    if (origin !== undefined) await addLabels(this.#channel, digest, sourceLabel(origin, info.labels), signal);
    return true;
  }

  async substitute(descriptor: Descriptor, diffId: Digest, signal: AbortSignal): Promise<Descriptor | undefined> {
    const found = await findPacked(this.#channel, descriptor, { diffId, signal });
    // Kept first, then looked for once more.
    return found !== undefined && (await this.has(found, { signal })) ? found : undefined;
  }

  async putBlob(descriptor: Descriptor, source: SourceBlob, hints: BlobHints): Promise<void> {
    const { signal, origin, onProgress } = hints;
    await this.#lease.keepBlob(descriptor.digest, signal);
    this.#eager?.expect(descriptor, hints);
    const labels = origin === undefined ? {} : sourceLabel(origin);
    let following: LocalIngest | undefined;
    try {
      await ingest(this.#channel, source, {
        descriptor,
        signal,
        labels,
        onOpen: () => void (following = this.#eager?.beginWithIngest(descriptor)),
        onProgress: (bytes) => {
          following?.reached(bytes);
          onProgress?.(bytes);
        },
      });
      following?.ended(true);
      this.#eager?.beginWithBlob(descriptor);
    } catch (error) {
      following?.ended(false);
      throw error;
    }
  }

  async putDocument(descriptor: Descriptor, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { digest } = descriptor;
    checkBytes(descriptor, bytes);
    await this.#lease.keepBlob(digest, signal);
    const labels = childLabels(descriptor, bytes);
    const isNew = await ingest(this.#channel, memoryBlob(bytes), { descriptor, labels, signal });
    // Whoever put it may have put it for other platforms, or without labels at all.
    if (!isNew) await addLabels(this.#channel, digest, labels, signal);
  }

  async publish(image: PublishedImage, signal: AbortSignal): Promise<void> {
    const { namespace, name } = this.#place;
    checkDigest(name, image.target);
    const unpackable = await this.#unpackable(image, signal);
    if (unpackable !== undefined) await this.#unpack(unpackable, signal);
    const isKubernetes = namespace === kubernetes;
    // CRI knows an image by its config, under a name of its own.
    const id = isKubernetes && unpackable !== undefined ? [unpackable.config.digest] : [];
    const names = [...new Set([fullName(name), ...image.names, ...id])];
    const records = { names, target: image.target, labels: isKubernetes ? managedLabel : {} };
    await writeRecords(this.#channel, records, signal);
  }

  /** What this machine can run of the image. */
  async #unpackable({ manifests }: PublishedImage, signal: AbortSignal): Promise<Unpackable | undefined> {
    const manifest = manifests.find(({ mediaType }) => isManifestType(mediaType));
    if (manifest === undefined) return undefined;
    const { config, layers } = parseManifest(await readDocument(this.#channel, manifest, signal), manifest.digest);
    if (!isConfigType(config.mediaType)) return undefined;
    const { rootfs, ...platform } = parseImageConfig(await readDocument(this.#channel, config, signal), config.digest);
    if (matchPlatform([{ ...manifest, platform }], hostPlatform()).length === 0) return undefined;
    const packed = layers.filter(({ mediaType }) => layerCompression(mediaType) !== undefined);
    const { diff_ids: diffIds } = rootfs;
    if (packed.length !== diffIds.length || !(await this.#areThere(packed.filter(isForeign), signal))) return undefined;
    return { config, layers: packed.map((descriptor, at) => ({ descriptor, diffId: diffIds[at]! })) };
  }

  async #areThere(blobs: readonly Descriptor[], signal: AbortSignal): Promise<boolean> {
    for (const { digest } of blobs) if ((await blobInfo(this.#channel, digest, signal)) === undefined) return false;
    return true;
  }

  async #unpack({ config, layers }: Unpackable, signal: AbortSignal): Promise<void> {
    const snapshotter = this.#snapshotter;
    if (snapshotter === undefined) return;
    await this.#eager?.settle();
    const top = await unpackLayers(this.#channel, layers, { snapshotter, lease: this.#lease, signal });
    if (top === undefined) return;
    await addLabels(this.#channel, config.digest, { [snapshotLabel(snapshotter)]: top }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#eager?.[Symbol.asyncDispose]();
      await this.#lease[Symbol.asyncDispose]();
    } finally {
      await this.#channel[Symbol.asyncDispose]();
    }
  }
}

interface Unpackable {
  readonly config: Descriptor;
  readonly layers: readonly StackedLayer[];
}

/** A name with a digest may not point at anything else. */
function checkDigest(name: string, { digest }: Descriptor): void {
  const wanted = isReference(name) ? parseReference(name).digest : undefined;
  if (wanted === undefined || wanted === digest) return;
  throw new BerthError('invalid_argument', `the image is ${digest}, it cannot be named ${name}`, {
    code: 'digest_mismatch',
    hint: 'give it a name without a digest',
  });
}
