import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { DocumentFacts } from '@berth/engine/service/image/document-facts';
import { BlobTurns } from '@berth/engine/service/image/blob-turns';
import type { ImageService, ImageTransfers, ProgressStep, PullOptions } from '@berth/engine/service/image/contract';
import { createImageService } from '@berth/engine/service/image/images';
import { Slots } from '@berth/engine/service/image/slots';
import { createImageTransfers } from '@berth/engine/service/image/transfers';
import { EventBus } from '@berth/engine/service/event/bus';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import type { Repository } from '@berth/image/registry/contract';
import { backgroundContext, type CallContext, silentLog, withSignal } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { manifestOf } from '../harness/archives.ts';
import type { Blob, TestImage } from '../harness/images.ts';
import { ociManifest } from './image-workplace.ts';

/** The image service with stores of its own, and a registry that does what a test wants. */
export class ImageServicePlace implements AsyncDisposable {
  readonly home = mkdtempSync('/tmp/bt-images-');
  readonly registry = new FakeRegistry();
  readonly root: string;
  stores!: Stores;
  images!: ImageService;
  transfers!: ImageTransfers;

  private constructor(root: string | undefined) {
    this.root = root ?? path.join(this.home, 'root');
  }

  static async open(root?: string): Promise<ImageServicePlace> {
    const place = new ImageServicePlace(root);
    await place.reopen();
    return place;
  }

  /** As a restart of the daemon does. */
  async reopen(): Promise<void> {
    const { root } = this;
    await this.stores?.[Symbol.asyncDispose]();
    this.stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs', collectAfterEveryWrite: true });
    const { local } = this.stores;
    const backend = {
      ...this.stores,
      blobPath: local.blobPath.bind(local),
      events: new EventBus(),
      turns: new BlobTurns(),
      facts: new DocumentFacts(),
      downloads: new Slots(3),
      scratch: this.home,
      root,
    };
    this.images = createImageService(backend);
    this.transfers = createImageTransfers(backend, {
      credentials: async () => undefined,
      openRegistry: () => ({
        repository: () => this.registry,
        login: () => Promise.reject(new Error('not used')),
        catalog: () => {
          throw new Error('not used');
        },
        [Symbol.asyncDispose]: async () => {},
      }),
    });
  }

  async pull(ref: string, options: PullOptions & { readonly context?: CallContext } = {}): Promise<Pulled> {
    const { context = backgroundContext(), ...rest } = options;
    const steps: ProgressStep[] = [];
    const { images } = await this.transfers.pull(context, ref, rest, (step) => steps.push(step));
    return { steps, isNew: images.map(({ isNew }) => isNew) };
  }

  /** What the stores hold; empty when nothing was left behind. */
  async left(): Promise<Left> {
    const blobs: string[] = [];
    for await (const { digest } of this.stores.local.list(backgroundContext())) blobs.push(digest);
    const snapshots: string[] = [];
    for await (const { key } of this.stores.snapshots.list(backgroundContext())) snapshots.push(key);
    const ingests = await this.stores.local.ingests(backgroundContext());
    return { blobs, snapshots, ingests: ingests.map(({ offset }) => offset) };
  }

  folders(): string[] {
    return readdirSync(path.join(this.root, 'snapshots')).filter((name) => !name.startsWith('trash-'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stores[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }
}

export interface Pulled {
  readonly steps: readonly ProgressStep[];
  readonly isNew: readonly boolean[];
}

export interface Left {
  readonly blobs: readonly string[];
  readonly snapshots: readonly string[];
  readonly ingests: readonly number[];
}

export function inNamespace(namespace: string, signal?: AbortSignal): CallContext {
  const context = backgroundContext(silentLog, namespace);
  return signal === undefined ? context : withSignal(context, signal);
}

/** One repository, in memory. It counts what it gives out and fails on request. */
export class FakeRegistry implements Repository {
  readonly name = { domain: 'registry.test:5000', path: 'app' };
  readonly tagged = new Map<string, Descriptor>();
  readonly bytes = new Map<string, Buffer>();
  /** Bytes of blobs given out since the start, by digest. */
  readonly served = new Map<string, number>();
  /** Called before each piece of a blob. */
  beforePiece: (digest: string, offset: number) => Promise<void> | void = () => {};
  pieceSize = 16 << 10;

  add(...blobs: readonly Blob[]): void {
    for (const { digest, bytes } of blobs) this.bytes.set(digest, bytes);
  }

  /** Puts an image under a tag. */
  push(tag: string, image: TestImage): Descriptor {
    const manifest = manifestOf(image);
    this.add(manifest, image.config, ...image.layers);
    return this.tag(tag, manifest, ociManifest);
  }

  tag(tag: string, { bytes, digest }: Blob, mediaType: string): Descriptor {
    const descriptor = { mediaType, digest: digest as Descriptor['digest'], size: bytes.length };
    this.bytes.set(digest, bytes);
    this.tagged.set(tag, descriptor);
    return descriptor;
  }

  get total(): number {
    return [...this.served.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  resolve: Repository['resolve'] = async ({ tag, digest }) => {
    const descriptor =
      digest === undefined
        ? this.tagged.get(tag ?? '')
        : [...this.tagged.values()].find((one) => one.digest === digest);
    if (descriptor === undefined)
      throw new BerthError('not_found', `no ${tag ?? digest}`, { code: 'no_such_manifest' });
    return { descriptor };
  };

  manifest: Repository['manifest'] = async ({ digest }) => {
    const bytes = this.bytes.get(digest);
    if (bytes === undefined) throw new BerthError('not_found', `no ${digest}`, { code: 'no_such_manifest' });
    this.#count(digest, bytes.length);
    return bytes;
  };

  async *blob({ digest }: Pick<Descriptor, 'digest'>, signal: AbortSignal, offset = 0): AsyncGenerator<Uint8Array> {
    const bytes = this.bytes.get(digest);
    if (bytes === undefined) throw new BerthError('not_found', `no ${digest}`, { code: 'no_such_blob' });
    for (let at = offset; at < bytes.length; at += this.pieceSize) {
      await turn();
      await this.beforePiece(digest, at);
      signal.throwIfAborted();
      const piece = bytes.subarray(at, at + this.pieceSize);
      this.#count(digest, piece.length);
      yield piece;
    }
  }

  async *tags(): AsyncGenerator<string> {
    yield* this.tagged.keys();
  }

  #count(digest: string, bytes: number): void {
    this.served.set(digest, (this.served.get(digest) ?? 0) + bytes);
  }

  hasManifest = (): Promise<boolean> => Promise.resolve(false);
  hasBlob = (): Promise<boolean> => Promise.resolve(false);
  mount = (): Promise<boolean> => Promise.resolve(false);
  pushBlob = (): Promise<void> => Promise.reject(new Error('not used'));
  pushManifest = (): Promise<void> => Promise.reject(new Error('not used'));
  referrers = (): Promise<readonly Descriptor[]> => Promise.resolve([]);
  deleteManifest = (): Promise<void> => Promise.reject(new Error('not used'));
}
