import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { LayerUse } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { ConfigFacts } from './document-facts.ts';
import { documentsOf, type ReadDocument } from './documents.ts';

/** Where a view of images looks things up: one by one, or in a table of all for a list of many. */
export interface Looker {
  readonly backend: ImageBackend;
  readonly read: ReadDocument;
  /** Undefined for a blob that is not here. */
  readonly size: (digest: Digest) => number | undefined;
  /** Undefined for a layer that is not unpacked. */
  readonly layer: (key: string) => LayerUse | undefined;
}

/** For many images. */
export function lookAtAll(backend: ImageBackend, context: CallContext): Looker {
  const { sizes, layers } = backend.metadata.read((tx) => ({
    sizes: tx.blobs.sizes(context.namespace),
    layers: tx.snapshots.uses(),
  }));
  return {
    backend,
    read: documentsOf(backend.content, context),
    size: (digest) => sizes.get(digest),
    layer: (key) => layers.get(key),
  };
}

/** For one image. */
export function lookAtOne(backend: ImageBackend, context: CallContext): Looker {
  const { metadata, content } = backend;
  return {
    backend,
    read: documentsOf(content, context),
    size: (digest) => metadata.read((tx) => tx.blobs.size(context.namespace, digest)),
    layer: (key) => metadata.read((tx) => tx.snapshots.use(key)),
  };
}

/** Bytes of the layers that are unpacked, each once. */
export function unpackedSize({ layer }: Looker, configs: readonly ConfigFacts[]): number {
  const counted = new Set<string>();
  let bytes = 0;
  for (const { chain } of configs) {
    for (let key = chain; key !== '' && !counted.has(key);) {
      counted.add(key);
      const use = layer(key);
      if (use === undefined) break;
      bytes += use.bytes;
      key = use.parent;
    }
  }
  return bytes;
}

/** Removed between the look at the records and the look at the bytes. Not async: what is known costs no promise. */
export function unlessGone<T>(value: T | Promise<T>): T | undefined | Promise<T | undefined> {
  if (!(value instanceof Promise)) return value;
  return value.catch((error: unknown) => {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  });
}
