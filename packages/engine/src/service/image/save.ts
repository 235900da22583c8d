import { type CallContext, withLease } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { isConfigType } from '@berth/model/media-type';
import { chooseManifest, type Platform } from '@berth/model/platform';
import type { ImageSource } from '@berth/image/medium/medium';
import { isForeign } from '@berth/image/copy/blob-mover';
import { type ImageTree, leaves, type ManifestNode, readTree } from '@berth/image/copy/tree';
import { type OutgoingImage, writeArchive } from '@berth/image/archive/write-archive';
import type { ImageBackend } from './backend.ts';
import type { SaveOptions } from './contract.ts';
import { findImage } from './find.ts';
import { isDangling } from './labels.ts';
import { absentPlatform, isHere, keepContent, missingContent } from './kept-content.ts';
import { hasBlob, storeSource } from './store-source.ts';

/** Looks at everything before the first byte; then the archive is made while it is read. */
export async function saveImages(
  backend: ImageBackend,
  context: CallContext,
  { refs, options }: { readonly refs: readonly string[]; readonly options: SaveOptions },
): Promise<AsyncIterable<Uint8Array>> {
  if (refs.length === 0) throw new BerthError('invalid_argument', 'no image was named', { code: 'no_images' });
  const images: OutgoingImage[] = [];
  for (const ref of refs) images.push(await outgoing(backend, context, ref, options));
  return stream(backend, context, merged(images));
}

/** What is sent stays, whoever removes the image meanwhile. */
async function* stream(
  backend: ImageBackend,
  context: CallContext,
  images: readonly OutgoingImage[],
): AsyncGenerator<Uint8Array, void, undefined> {
  await using lease = await backend.leases.create(context.namespace);
  const leased = withLease(context, lease.id);
  for (const { blobs } of images) await keepContent(backend, leased, blobs);
  yield* writeArchive(images, ({ digest }) => backend.content.read(leased, digest));
}

async function outgoing(
  backend: ImageBackend,
  context: CallContext,
  ref: string,
  options: SaveOptions,
): Promise<OutgoingImage> {
  const { named, records } = await findImage(backend, context, ref);
  const { target, name } = named ?? records[0];
  const source = storeSource(backend, context, { title: `image ${ref}`, images: [] });
  const tree = await presentTree(source, target, { context, ref, platforms: options.platforms });
  const nodes = leaves(tree);
  const chosen: ManifestNode[] = [];
  for (const node of nodes) if (await isWhole(backend, context, node)) chosen.push(node);
  // Of an index that is here in part only what is whole is of use to anybody; what was asked for has to be whole.
  if (chosen.length === 0 || (options.platforms !== undefined && chosen.length < nodes.length)) {
    throw missingContent(target.digest);
  }
  const [only] = chosen;
  const isSingle = options.platforms?.length === 1 && only !== undefined;
  const docker = dockerImage(chosen, options.platforms?.[0]);
  return {
    target: isSingle ? only.descriptor : target,
    names: named === undefined || isDangling(name) ? [] : [name],
    blobs: await blobsOf(backend, context, { tree, chosen, isSingle, foreign: options.foreignLayers === true }),
    ...(docker === undefined ? {} : { docker }),
  };
}

interface Asked {
  readonly context: CallContext;
  readonly ref: string;
  readonly platforms: readonly Platform[] | undefined;
}

async function presentTree(source: ImageSource, target: Descriptor, asked: Asked): Promise<ImageTree> {
  const { context, ref, platforms = 'all' } = asked;
  try {
    return await readTree(source, target, { platforms, signal: context.signal });
  } catch (cause) {
    if (!(cause instanceof BerthError) || cause.kind !== 'not_found') throw cause;
    if (cause.code === 'no_such_platform' || platforms === 'all') throw cause;
    throw absentPlatform(ref, platforms, cause);
  }
}

async function isWhole(backend: ImageBackend, context: CallContext, { manifest }: ManifestNode): Promise<boolean> {
  for (const blob of [manifest.config, ...manifest.layers]) if (!(await isHere(backend, context, blob))) return false;
  return true;
}

interface Chosen {
  readonly tree: ImageTree;
  readonly chosen: readonly ManifestNode[];
  readonly isSingle: boolean;
  readonly foreign: boolean;
}

async function blobsOf(backend: ImageBackend, context: CallContext, parts: Chosen): Promise<readonly Descriptor[]> {
  const { tree, chosen, isSingle, foreign } = parts;
  const blobs = isSingle ? [] : indexes(tree);
  for (const { descriptor, manifest } of chosen) {
    blobs.push(descriptor, manifest.config);
    for (const layer of manifest.layers) {
      const isSent = !isForeign(layer) || (foreign && (await hasBlob(backend, context, layer.digest)));
      if (isSent) blobs.push(layer);
    }
  }
  return blobs;
}

function indexes(tree: ImageTree): Descriptor[] {
  if (tree.kind === 'manifest') return [];
  return [tree.descriptor, ...tree.children.flatMap(indexes)];
}

/** What readers of docker's manifest.json get: the platform that was asked for, else this machine's, else the first. */
function dockerImage(nodes: readonly ManifestNode[], platform: Platform | undefined): OutgoingImage['docker'] {
  const images = nodes.filter(({ manifest }) => isConfigType(manifest.config.mediaType));
  const described = images.map((node) => ({
    node,
    descriptor: { ...node.descriptor, ...(node.platform === undefined ? {} : { platform: node.platform }) },
  }));
  const best = chooseManifest(
    described.map(({ descriptor }) => descriptor),
    platform,
  );
  const node = described.find(({ descriptor }) => descriptor === best)?.node ?? images[0];
  if (node === undefined) return undefined;
  const { config, layers } = node.manifest;
  return { config: config.digest, layers: layers.map(({ digest }) => digest) };
}

/** One image that was asked for by several names is there once, with all of them. */
function merged(images: readonly OutgoingImage[]): readonly OutgoingImage[] {
  const byTarget = new Map<Digest, OutgoingImage>();
  for (const image of images) {
    const known = byTarget.get(image.target.digest);
    const names = [...new Set([...(known?.names ?? []), ...image.names])];
    byTarget.set(image.target.digest, { ...image, names });
  }
  return [...byTarget.values()];
}
