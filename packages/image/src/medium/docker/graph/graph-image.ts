import { type Digest, sha256 } from '@berth/model/digest';
import { asError, BerthError } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import type { Log } from '@berth/model/context';
import type { ImageView } from '../image-view.ts';
import { type GraphStore, type StoredLayer, storedConfig, storedLayers } from './layer-store.ts';
import { layerTar } from './layer-tar.ts';
import { tarSize } from './tar-split.ts';

export interface GraphImageOptions {
  readonly log: Log;
  /** The image by another way, when a layer cannot be read. */
  readonly fallback: () => Promise<ImageView>;
}

/**
 * An image of a graph-store dockerd, read from its folder on this machine: a layer's bytes are read only when they are
 * asked for. Nothing is written or locked; what docker removes meanwhile is had by `fallback`, or fails there.
 *
 * The manifest is made up: OCI types, layers by their diff ids as they are not compressed. It is the same as the reader of
 * old docker archives makes (`archive/docker-archive.ts`), so that an image has one digest whichever way it is read.
 */
export async function readGraphImage(store: GraphStore, id: Digest, options: GraphImageOptions): Promise<ImageView> {
  const config = await storedConfig(store, id);
  const { rootfs } = parseImageConfig(config, `config ${id}`);
  const stored = await storedLayers(store, rootfs.diff_ids);
  const layers = await Promise.all(stored.map(describe));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, digest: id, size: config.length },
      layers,
    }),
  );
  const target = { mediaType: mediaTypes.ociManifest, digest: sha256(manifest), size: manifest.length };
  const documents = new Map<Digest, Buffer>([
    [id, config],
    [target.digest, manifest],
  ]);
  return new GraphImage({ target, documents, layers: new Map(stored.map((layer) => [layer.diffId, layer])) }, options);
}

async function describe({ diffId, tarSplit }: StoredLayer): Promise<Descriptor> {
  return { mediaType: mediaTypes.ociLayer, digest: diffId, size: await tarSize(tarSplit) };
}

interface Parts {
  readonly target: Descriptor;
  readonly documents: ReadonlyMap<Digest, Buffer>;
  readonly layers: ReadonlyMap<Digest, StoredLayer>;
}

class GraphImage implements ImageView {
  readonly targets: readonly Descriptor[];
  readonly #parts: Parts;
  readonly #options: GraphImageOptions;
  #other: Promise<ImageView> | undefined;

  constructor(parts: Parts, options: GraphImageOptions) {
    this.#parts = parts;
    this.#options = options;
    this.targets = [parts.target];
  }

  async has({ digest }: Descriptor): Promise<boolean> {
    return this.#parts.documents.has(digest) || this.#parts.layers.has(digest);
  }

  async document({ digest }: Descriptor): Promise<Uint8Array> {
    const bytes = this.#parts.documents.get(digest);
    if (bytes === undefined) throw absent(digest);
    return bytes;
  }

  blob(descriptor: Descriptor) {
    const layer = this.#parts.layers.get(descriptor.digest);
    if (layer === undefined) throw absent(descriptor.digest);
    return { read: (signal: AbortSignal, offset?: number) => this.#read(descriptor, layer, { signal, offset }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#other)?.[Symbol.asyncDispose]();
  }

  async *#read(
    descriptor: Descriptor,
    layer: StoredLayer,
    { signal, offset = 0 }: { signal: AbortSignal; offset: number | undefined },
  ): AsyncGenerator<Uint8Array> {
    let at = offset;
    try {
      for await (const piece of layerTar(layer, signal, offset)) {
        at += piece.length;
        yield piece;
      }
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      const { message } = asError(error);
      this.#options.log.debug('a layer is read through the API', { layer: layer.diffId, reason: message });
    }
    this.#other ??= this.#options.fallback();
    yield* (await this.#other).blob(descriptor).read(signal, at);
  }
}

function absent(digest: Digest): BerthError {
  return new BerthError('not_found', `the image has no blob ${digest}`, { code: 'no_such_blob' });
}
