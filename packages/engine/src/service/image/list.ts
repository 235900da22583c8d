import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { ImageView } from './contract.ts';
import { type ConfigFacts, imageChildren } from './document-facts.ts';
import { isDangling } from './labels.ts';
import { lookAtAll, lookAtOne, type Looker, unlessGone, unpackedSize } from './looker.ts';

type Records = readonly [ImageRecord, ...ImageRecord[]];

/** Newest first. */
export async function listImages(backend: ImageBackend, context: CallContext): Promise<ImageView[]> {
  const { namespace } = context;
  const records = backend.metadata.read((tx) => tx.images.list(namespace));
  const looker = lookAtAll(backend, context);
  const views: ImageView[] = [];
  for (const group of Map.groupBy(records, ({ target }) => target.digest).values()) {
    context.signal.throwIfAborted();
    views.push(await view(looker, group as unknown as Records));
  }
  return views.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** One target with all its names. */
export async function viewImage(backend: ImageBackend, context: CallContext, records: Records): Promise<ImageView> {
  return await view(lookAtOne(backend, context), records);
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
