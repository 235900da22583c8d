import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { ImageRecord, LayerUse } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { ImageView } from './contract.ts';
import { type ConfigFacts, imageChildren } from './document-facts.ts';
import { documentsOf, type ReadDocument } from './documents.ts';
import { isDangling } from './labels.ts';

type Records = readonly [ImageRecord, ...ImageRecord[]];

/** Newest first. */
export async function listImages(backend: ImageBackend, context: CallContext): Promise<ImageView[]> {
  const { namespace } = context;
  const { records, sizes, layers } = backend.metadata.read((tx) => ({
    records: tx.images.list(namespace),
    sizes: tx.blobs.sizes(namespace),
    layers: tx.snapshots.uses(),
  }));
  const looker = {
    backend,
    read: documentsOf(backend.content, context),
    size: (digest: Digest) => sizes.get(digest),
    layer: (key: string) => layers.get(key),
  };
  const views: ImageView[] = [];
  for (const group of Map.groupBy(records, ({ target }) => target.digest).values()) {
    context.signal.throwIfAborted();
    views.push(await view(looker, group as unknown as Records));
  }
  return views.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** One target with all its names. */
export async function viewImage(backend: ImageBackend, context: CallContext, records: Records): Promise<ImageView> {
  const { metadata, content } = backend;
  const looker = {
    backend,
    read: documentsOf(content, context),
    size: (digest: Digest) => metadata.read((tx) => tx.blobs.size(context.namespace, digest)),
    layer: (key: string) => metadata.read((tx) => tx.snapshots.use(key)),
  };
  return await view(looker, records);
}

/** Where a view looks things up: one by one, or in a table of all for a list of many. */
interface Looker {
  readonly backend: ImageBackend;
  readonly read: ReadDocument;
  /** Undefined for a blob that is not here. */
  readonly size: (digest: Digest) => number | undefined;
  /** Undefined for a layer that is not unpacked. */
  readonly layer: (key: string) => LayerUse | undefined;
}

async function view(looker: Looker, records: Records): Promise<ImageView> {
  const { target } = records[0];
  const found: Found = { blobs: new Set([target.digest]), configs: [] };
  await look(looker, target, found);
  let contentSize = 0;
  for (const digest of found.blobs) contentSize += looker.size(digest) ?? 0;
  const created = found.configs.find(({ createdAt }) => createdAt !== undefined)?.createdAt;
  return {
    target,
    names: records.map(({ name }) => name).filter((name) => !isDangling(name)),
    createdAt: created ?? records[0].createdAt,
    contentSize,
    unpackedSize: unpackedSize(looker, found.configs),
    platforms: found.configs.map(({ platform }) => platform),
    labels: records[0].labels,
  };
}

interface Found {
  /** All that belongs to the target, here or not. */
  readonly blobs: Set<Digest>;
  /** Of the platform images whose manifest and config are here. */
  readonly configs: ConfigFacts[];
}

async function look(looker: Looker, descriptor: Descriptor, found: Found, isImage = true): Promise<void> {
  if (looker.size(descriptor.digest) === undefined) return;
  const { facts } = looker.backend;
  const tree = await unlessGone(facts.tree(looker.read, descriptor));
  if (tree === undefined) return;
  for (const digest of tree.blobs) found.blobs.add(digest);
  if (isImage && tree.config !== undefined && looker.size(tree.config.digest) !== undefined) {
    const config = await unlessGone(facts.config(looker.read, tree.config));
    if (config !== undefined) found.configs.push(config);
  }
  const images = tree.children.length === 0 ? [] : imageChildren(tree);
  for (const child of tree.children) await look(looker, child, found, images.includes(child));
}

/** Bytes of the layers that are unpacked, each once. */
function unpackedSize({ layer }: Looker, configs: readonly ConfigFacts[]): number {
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
function unlessGone<T>(value: T | Promise<T>): T | undefined | Promise<T | undefined> {
  if (!(value instanceof Promise)) return value;
  return value.catch((error: unknown) => {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  });
}
