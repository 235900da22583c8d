import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
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
import { sourceRepositories } from './source-label.ts';

export function createHostImages(backend: ImageBackend): HostImages {
  return {
    list: (context) => listHostImages(backend, context),
    find: async (context, ref) => {
      const looker = lookAtOne(backend, context);
      const parts = await findParts(looker, context, ref);
      return parts === undefined ? undefined : await hostImage(looker, context, parts);
    },
    remove: async (context, ref) => {
      const parts = await findParts(lookAtOne(backend, context), context, ref);
      if (parts !== undefined) await removeHostImage(backend, context, parts.id);
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
  const found = new Map<Digest, FoundParts>();
  for (const group of Map.groupBy(records, ({ target }) => target.digest).values()) {
    context.signal.throwIfAborted();
    const parts = await hostParts(looker, group[0]!.target);
    if (parts === undefined) continue;
    const before = found.get(parts.id)?.records ?? [];
    found.set(parts.id, { ...parts, records: [...before, ...group] });
  }
  return await Promise.all([...found.values()].map((parts) => hostImage(looker, context, parts)));
}

/** With all names of all its targets. @throws invalid_argument (`ambiguous_id`) */
async function findParts(looker: Looker, context: CallContext, ref: string): Promise<FoundParts | undefined> {
  const { metadata } = looker.backend;
  const found = new Map<Digest, HostParts>();
  for (const target of await targetsOf(looker.backend, context, ref)) {
    const parts = await hostParts(looker, target);
    if (parts !== undefined) found.set(parts.id, parts);
  }
  const [parts, other] = found.values();
  if (parts === undefined) return undefined;
  if (other === undefined) {
    return { ...parts, records: metadata.read((tx) => tx.images.byConfig(context.namespace, parts.id)) };
  }
  throw new BerthError('invalid_argument', `several images have ids that start with ${ref}`, {
    code: 'ambiguous_id',
    hint: 'give more characters of the id',
  });
}

/** One image may have several targets: its manifest in two forms, or beside an index that has it too. */
async function targetsOf(backend: ImageBackend, context: CallContext, ref: string): Promise<readonly Descriptor[]> {
  try {
    return [(await findImage(backend, context, ref)).records[0].target];
  } catch (error) {
    if (isKind(error, 'not_found')) return [];
    if (!(error instanceof BerthError) || error.code !== 'ambiguous_id') throw error;
  }
  const start = ref.startsWith('sha256:') ? ref : `sha256:${ref}`;
  const records = backend.metadata.read(({ images }) => [
    ...images.byTarget(context.namespace, start),
    ...images.byConfig(context.namespace, start),
  ]);
  return [...new Map(records.map(({ target }) => [target.digest, target])).values()];
}

/** What is behind a target for this machine. */
interface HostParts {
  readonly id: Digest;
  readonly descriptor: Descriptor;
  readonly config: ConfigFacts;
  /** Documents and layers. */
  readonly blobs: readonly Digest[];
}

interface FoundParts extends HostParts {
  readonly records: readonly ImageRecord[];
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

async function hostImage(looker: Looker, context: CallContext, parts: FoundParts): Promise<HostImage> {
  const { id, descriptor, config, blobs, records } = parts;
  const { tags, digests } = imageNames(records);
  let content = 0;
  for (const digest of new Set(blobs)) content += looker.size(digest) ?? 0;
  return {
    id,
    tags,
    repoDigests: digests.length > 0 ? digests : await lostDigests(looker.backend, context, records),
    size: content + unpackedSize(looker, [config]),
    user: config.user,
    labels: Object.assign({}, ...records.map(({ labels }) => labels)) as HostImage['labels'],
    chainId: config.chain,
    config: async () => parseImageConfig(await looker.read(descriptor)),
  };
}

/** Where an image without a name came from: its tag has moved on, and pods may go by its digest still. */
async function lostDigests(
  { content }: ImageBackend,
  context: CallContext,
  records: readonly ImageRecord[],
): Promise<string[]> {
  const found: string[] = [];
  for (const { target } of records) {
    const repositories = await sourceRepositories(content, context, target.digest);
    found.push(...repositories.map((repository) => `${repository}@${target.digest}`));
  }
  return [...new Set(found)];
}
