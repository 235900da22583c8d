import { dirname } from 'node:path';
import { type Digest, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { layerCompression } from '@berth/model/media-type';
import { hostPlatform, matchPlatform } from '@berth/model/platform';
import type { Channel } from '../../grpc/channel.ts';
import { applyLayer as runLayerJob } from '../../layer/apply.ts';
import type { FileRange, GrowingFile } from '../../layer/job.ts';
import type { BlobHints } from '../medium.ts';
import type { CopyLease } from './lease.ts';
import { LocalIngest } from './local-ingest.ts';
import { localBlob } from './local-root.ts';
import { type SnapshotFolder, snapshotFolder } from './local-snapshot.ts';
import { applyLayer, fillSnapshot, hasSnapshot, type StackedLayer } from './unpack.ts';

/** From this size on, bytes, starting a thread of our own costs less than it saves. */
const worthThread = 2 << 20;

export interface EagerOptions {
  readonly channel: Channel;
  readonly lease: CopyLease;
  readonly namespace: string;
  readonly snapshotter: string;
  /** Of the content store, when it and the snapshots are on this machine and may be written. */
  readonly root: string | undefined;
}

/** Bytes of a layer in a file here, there or still coming. */
interface LayerBytes extends Partial<Disposable> {
  readonly source: FileRange | GrowingFile;
}

interface Link {
  readonly layer: ChainedLayer;
  /** True when its snapshot is there. */
  readonly done: PromiseWithResolvers<boolean>;
  hasBegun: boolean;
}

interface ChainedLayer extends StackedLayer {
  readonly chainId: Digest;
}

/**
 * Unpacks layers while others still come, each on those below it. A big one on this machine is unpacked here while it comes
 * itself, into the folder of its snapshot: a client of containerd may write into what it prepared, and we are faster.
 *
 * All of it is done ahead: what fails here is left to `unpackLayers`, which tells why it cannot be done.
 */
export class EagerUnpacker implements AsyncDisposable {
  readonly #options: EagerOptions;
  readonly #links = new Map<Digest, Link>();
  readonly #stop = new AbortController();

  constructor(options: EagerOptions) {
    this.#options = options;
  }

  /** A layer will come, or is there. Of those of one image the lower ones are told of first. */
  expect(descriptor: Descriptor, { diffId, chainId, platform }: Partial<BlobHints>): void {
    if (diffId === undefined || chainId === undefined || platform === undefined) return;
    if (this.#links.has(chainId) || matchPlatform([{ ...descriptor, platform }], hostPlatform()).length === 0) return;
    const layer = { descriptor, diffId, chainId };
    this.#links.set(chainId, { layer, done: Promise.withResolvers<boolean>(), hasBegun: false });
  }

  /** Follows the ingest that is open for a layer that is expected. @returns what is to be told how it goes on */
  beginWithIngest(descriptor: Descriptor): LocalIngest | undefined {
    const { root, namespace } = this.#options;
    const link = this.#waiting(descriptor);
    if (link === undefined || root === undefined || descriptor.size < worthThread) return undefined;
    const bytes = LocalIngest.open(root, namespace, descriptor);
    if (bytes !== undefined) this.#begin(link, bytes);
    return bytes;
  }

  /** The layer is there. It may have begun before. */
  beginWithBlob(descriptor: Descriptor): void {
    const link = this.#waiting(descriptor);
    if (link === undefined) return;
    const path = descriptor.size < worthThread ? undefined : localBlob(this.#options.root, descriptor);
    this.#begin(link, path === undefined ? undefined : { source: { path, length: descriptor.size } });
  }

  /** Waits for what has begun. */
  async settle(): Promise<void> {
    const links = [...this.#links.values()];
    for (const { hasBegun, done } of links) if (!hasBegun) done.resolve(false);
    await Promise.all(links.map(({ done }) => done.promise));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new BerthError('cancelled', 'the copy has ended'));
    await this.settle();
  }

  #waiting({ digest }: Descriptor): Link | undefined {
    return [...this.#links.values()].find(({ layer, hasBegun }) => !hasBegun && layer.descriptor.digest === digest);
  }

  /** Without bytes containerd itself unpacks what it has. */
  #begin(link: Link, bytes: LayerBytes | undefined): void {
    link.hasBegun = true;
    void this.#unpack(link.layer, bytes?.source)
      .catch(() => false)
      .then((success) => link.done.resolve(success))
      .finally(() => bytes?.[Symbol.dispose]?.());
  }

  async #unpack(layer: ChainedLayer, source: LayerBytes['source'] | undefined): Promise<boolean> {
    const parent = this.#parentOf(layer);
    if (parent === undefined || (parent !== '' && !(await this.#links.get(parent)!.done.promise))) return false;
    const { channel, snapshotter, lease } = this.#options;
    const options = { snapshotter, lease, signal: this.#stop.signal, name: layer.chainId, parent };
    if (await hasSnapshot(channel, layer.chainId, options)) return true;
    await fillSnapshot(channel, options, async (mounts) => {
      const place = source === undefined ? undefined : snapshotFolder(mounts, dirname(this.#options.root ?? ''));
      if (source === undefined) await applyLayer(channel, layer, { mounts, signal: options.signal });
      else if (place !== undefined) await this.#unpackInto(place, layer, source);
      else throw new BerthError('unimplemented', `${snapshotter} has no plain folders`);
    });
    return true;
  }

  async #unpackInto(place: SnapshotFolder, layer: ChainedLayer, source: LayerBytes['source']): Promise<void> {
    const { descriptor, diffId } = layer;
    const { folder, parents, whiteouts } = place;
    const compression = layerCompression(descriptor.mediaType) ?? 'none';
    const expect = { digest: descriptor.digest, size: descriptor.size, diffId };
    const job = { source, compression, unpackTo: folder, whiteouts, parents, expect };
    await runLayerJob(job, { signal: this.#stop.signal });
  }

  /** The chain below: empty for the lowest layer, undefined when it is not known. */
  #parentOf({ chainId, diffId }: ChainedLayer): Digest | '' | undefined {
    if (chainId === diffId) return '';
    return [...this.#links.keys()].find((below) => sha256(`${below} ${diffId}`) === chainId);
  }
}
