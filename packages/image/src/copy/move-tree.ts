import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import type { BlobMover } from './blob-mover.ts';
import type { FittingTree } from './fit.ts';
import { rewriteIndex, rewriteManifest } from './rewrite.ts';
import type { ImageTree, IndexNode, ManifestNode } from './tree.ts';

/** What is needed to move trees: `together` waits for all and ends the others when one fails. */
export interface TreeMover {
  readonly blobs: BlobMover;
  /** Docker's manifests become OCI's. */
  readonly format?: 'oci' | undefined;
  readonly together: <T>(tasks: readonly Promise<T>[]) => Promise<T[]>;
}

/** Moves all that is chosen, children first. @returns each manifest and index as the target has it, by its old digest */
export async function moveTree(
  mover: TreeMover,
  { tree, narrowed }: FittingTree,
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const moved = new Map<Digest, Descriptor>();
  const moving = new Map<ImageTree, Promise<void>>();
  await once(tree);
  return moved;

  async function once(node: ImageTree): Promise<void> {
    const running = moving.get(node) ?? move(node);
    moving.set(node, running);
    await running;
  }

  async function move(node: ImageTree): Promise<void> {
    const now = await (node.kind === 'manifest' ? moveManifest(mover, node) : moveIndex(node));
    moved.set(node.descriptor.digest, now);
  }

  async function moveIndex(node: IndexNode): Promise<Descriptor> {
    await mover.together(node.children.map((child) => once(child)));
    // A child that is not chosen is named as before, unless the index is to name the chosen only.
    const others = narrowed ? [] : node.index.manifests.filter(({ digest }) => !moved.has(digest));
    const known = new Map([...moved, ...others.map((other) => [other.digest, other] as const)]);
    const isChanged = narrowed || [...moved].some(([digest, now]) => digest !== now.digest);
    const { descriptor, bytes } = isChanged ? rewriteIndex(node, known) : node;
    await mover.blobs.document(descriptor, bytes);
    return descriptor;
  }
}

async function moveManifest({ blobs, together, format }: TreeMover, node: ManifestNode): Promise<Descriptor> {
  const { config, layers } = node.manifest;
  const parts = [
    ...layers.map((layer, at) => blobs.blob(layer, factsOf(node, at))),
    blobs.config(config, node.config).then(() => config),
  ];
  const now = (await together(parts)).slice(0, layers.length);
  const becomesOci = format === 'oci' && node.descriptor.mediaType === mediaTypes.dockerManifest;
  const isChanged = becomesOci || now.some(({ digest }, at) => digest !== layers[at]!.digest);
  const { descriptor, bytes } = isChanged ? rewriteManifest(node, now, format) : node;
  await blobs.document(descriptor, bytes);
  return descriptor;
}

function factsOf({ diffIds, chainIds, platform }: ManifestNode, at: number) {
  const [diffId, chainId] = [diffIds[at], chainIds[at]];
  if (diffId === undefined || chainId === undefined) return {};
  return { diffId, chainId, ...(platform === undefined ? {} : { platform }) };
}
