import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import type { Descriptor } from '@berth/model/manifest';
import { isIndexType } from '@berth/model/media-type';
import { chooseManifest, hostPlatform } from '@berth/model/platform';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { HostImage, HostImages } from './contract.ts';
import type { ConfigFacts, TreeFacts } from './document-facts.ts';
import { findImage } from './find.ts';
import { imageNames } from './image-names.ts';
import { type Looker, lookAtAll, lookAtOne, unlessGone, unpackedSize } from './looker.ts';
import { removeHostImage } from './remove-host-image.ts';

export function createHostImages(backend: ImageBackend): HostImages {
  return {
    list: (context) => listHostImages(backend, context),
    find: (context, ref) => findHostImage(backend, context, ref),
    remove: async (context, ref) => {
      const image = await findHostImage(backend, context, ref);
      if (image !== undefined) await removeHostImage(backend, context, image.id);
    },
    use: () =>
      backend.metadata.read((tx) => {
        const [content, layers] = [tx.blobs.total(), tx.snapshots.total()];
        return { bytes: content.bytes + layers.bytes, inodes: content.blobs + layers.inodes };
      }),
  };
}

async function listHostImages(backend: ImageBackend, context: CallContext): Promise<HostImage[]> {
  const records = backend.metadata.read((tx) => tx.images.list(context.namespace));
  const looker = lookAtAll(backend, context);
  const byId = new Map<Digest, { parts: HostParts; records: ImageRecord[] }>();
  for (const group of Map.groupBy(records, ({ target }) => target.digest).values()) {
    context.signal.throwIfAborted();
    const parts = await hostParts(looker, group[0]!.target);
    if (parts === undefined) continue;
    const known = byId.get(parts.id);
    if (known === undefined) byId.set(parts.id, { parts, records: group });
    else known.records.push(...group);
  }
  return [...byId.values()].map((found) => hostImage(looker, found.parts, found.records));
}

async function findHostImage(backend: ImageBackend, context: CallContext, ref: string): Promise<HostImage | undefined> {
  try {
    const { records } = await findImage(backend, context, ref);
    const looker = lookAtOne(backend, context);
    const parts = await hostParts(looker, records[0].target);
    if (parts === undefined) return undefined;
    const all = backend.metadata.read((tx) => tx.images.byConfig(context.namespace, parts.id));
    return hostImage(looker, parts, all.length === 0 ? records : all);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

/** What is behind a target for this machine. */
interface HostParts {
  readonly id: Digest;
  readonly descriptor: Descriptor;
  readonly config: ConfigFacts;
  /** Documents and layers. */
  readonly blobs: readonly Digest[];
}

/** Undefined when the target is nothing that this machine can run, or is not here. */
async function hostParts(looker: Looker, target: Descriptor): Promise<HostParts | undefined> {
  const tree = await treeOf(looker, target);
  if (tree === undefined) return undefined;
  if (!isIndexType(target.mediaType)) return await manifestParts(looker, target, tree);
  const chosen = chooseManifest(tree.children, hostPlatform());
  const parts = chosen === undefined ? undefined : await hostParts(looker, chosen);
  return parts === undefined ? undefined : { ...parts, blobs: [target.digest, ...parts.blobs] };
}

async function manifestParts(looker: Looker, target: Descriptor, tree: TreeFacts): Promise<HostParts | undefined> {
  const { config: descriptor } = tree;
  if (descriptor === undefined || looker.size(descriptor.digest) === undefined) return undefined;
  const config = await unlessGone(looker.backend.facts.config(looker.read, descriptor));
  if (config === undefined) return undefined;
  return { id: descriptor.digest, descriptor, config, blobs: [target.digest, ...tree.blobs] };
}

async function treeOf({ backend, read, size }: Looker, target: Descriptor): Promise<TreeFacts | undefined> {
  return size(target.digest) === undefined ? undefined : await unlessGone(backend.facts.tree(read, target));
}

function hostImage(looker: Looker, parts: HostParts, records: readonly ImageRecord[]): HostImage {
  const { id, descriptor, config, blobs } = parts;
  const { tags, digests } = imageNames(records);
  let content = 0;
  for (const digest of new Set(blobs)) content += looker.size(digest) ?? 0;
  return {
    id,
    tags,
    repoDigests: digests,
    size: content + unpackedSize(looker, [config]),
    user: config.user,
    labels: Object.assign({}, ...records.map(({ labels }) => labels)) as HostImage['labels'],
    chainId: config.chain,
    config: async () => parseImageConfig(await looker.read(descriptor)),
  };
}
