import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import { type Descriptor, type Index, type Manifest, parseIndex, parseManifest } from '@berth/model/manifest';
import { isConfigType, isIndexType, isManifestType, layerCompression } from '@berth/model/media-type';
import { formatPlatform, hostPlatform, isAttestation, matchPlatform, type Platform } from '@berth/model/platform';
import { chainIds } from '../layer/chain-id.ts';
import type { ImageSource } from '../medium/medium.ts';
import type { CopyOptions } from './contract.ts';

/** What of an image was chosen to move: documents that were read, with what they name. */
export type ImageTree = ManifestNode | IndexNode;

export interface ManifestNode {
  readonly kind: 'manifest';
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  readonly config: Uint8Array;
  /** By a layer's place; empty where the config does not tell. */
  readonly diffIds: readonly Digest[];
  readonly chainIds: readonly Digest[];
  /** From the config. */
  readonly platform?: Platform;
}

export interface IndexNode {
  readonly kind: 'index';
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly index: Index;
  /** Those that move, in the index's order. */
  readonly children: readonly ImageTree[];
}

/** Indexes may hold indexes; no image needs more levels. */
const maxLevels = 8;
/** Of all documents together, bytes: they are in memory while their image moves. */
const maxDocuments = 64 * 1024 * 1024;

/**
 * Reads the documents of what is chosen.
 * @throws not_found (`no_such_platform`), invalid_argument (`unknown_media_type`, `bad_json`); what the source throws
 */
export async function readTree(
  source: ImageSource,
  target: Descriptor,
  { platforms, signal }: Pick<CopyOptions, 'platforms' | 'signal'>,
): Promise<ImageTree> {
  const wanted = platforms === 'host' ? [hostPlatform()] : platforms;
  // Indexes that name each other's children would make a small image an endless tree.
  const known = new Map<Digest, ImageTree>();
  let size = 0;
  const tree = await read(target, wanted, 0);
  if (tree.kind === 'manifest' && typeof platforms !== 'string') checkPlatform(tree, platforms);
  return tree;

  async function read(descriptor: Descriptor, chosen: 'all' | readonly Platform[], level: number): Promise<ImageTree> {
    const before = chosen === 'all' ? known.get(descriptor.digest) : undefined;
    if (before !== undefined) return before;
    if (level > maxLevels) throw tooDeep(descriptor);
    const node = isManifestType(descriptor.mediaType)
      ? await readManifest(source, descriptor, signal)
      : await readIndex(descriptor, chosen, level);
    known.set(descriptor.digest, node);
    size += node.bytes.length + (node.kind === 'manifest' ? node.config.length : 0);
    if (size > maxDocuments) throw tooLarge(target);
    return node;
  }

  async function readIndex(descriptor: Descriptor, chosen: 'all' | readonly Platform[], level: number) {
    if (!isIndexType(descriptor.mediaType)) throw unknownType(descriptor);
    const bytes = await source.document(descriptor, signal);
    const index = parseIndex(bytes, `index ${descriptor.digest}`);
    const children: ImageTree[] = [];
    for (const [child, below] of childrenOf(descriptor, index, chosen)) {
      // Stores and archives of some platforms only name the others too.
      if (chosen === 'all' && !(await source.has(child, signal))) continue;
      children.push(await read(child, below, level + 1));
    }
    return { kind: 'index', descriptor, bytes, index, children } as const;
  }
}

/** The chosen children with the platforms that each was chosen for, in the index's order. */
function childrenOf(
  descriptor: Descriptor,
  { manifests }: Index,
  chosen: 'all' | readonly Platform[],
): ReadonlyMap<Descriptor, 'all' | readonly Platform[]> {
  if (chosen === 'all') return new Map(distinct(manifests).map((child) => [child, 'all']));
  const found = new Map<Descriptor, Platform[]>();
  for (const platform of chosen) {
    const [best] = matchPlatform(manifests, platform);
    if (best === undefined) throw noSuchPlatform(descriptor.digest, platform, manifests);
    found.set(best, [...(found.get(best) ?? []), platform]);
  }
  return new Map(manifests.flatMap((child) => (found.has(child) ? [[child, found.get(child)!]] : [])));
}

function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.toReversed().map((one) => [one.digest, one])).values()].toReversed();
}

async function readManifest(source: ImageSource, descriptor: Descriptor, signal: AbortSignal): Promise<ManifestNode> {
  const bytes = await source.document(descriptor, signal);
  const manifest = parseManifest(bytes, `manifest ${descriptor.digest}`);
  const config = await source.document(manifest.config, signal);
  return { kind: 'manifest', descriptor, bytes, manifest, config, ...fromConfig(manifest, config) };
}

/** What the config of an image tells of its layers; others, artifacts' too, may hold anything. */
function fromConfig(manifest: Manifest, bytes: Uint8Array): Pick<ManifestNode, 'diffIds' | 'chainIds' | 'platform'> {
  if (!isConfigType(manifest.config.mediaType)) return { diffIds: [], chainIds: [] };
  try {
    const { rootfs, os, architecture, variant } = parseImageConfig(bytes, `config ${manifest.config.digest}`);
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    const diffIds = rootfs.diff_ids;
    const isRootfs = manifest.layers.every(({ mediaType }) => layerCompression(mediaType) !== undefined);
    if (!isRootfs || diffIds.length !== manifest.layers.length) return { diffIds: [], chainIds: [], platform };
    return { diffIds, chainIds: chainIds(diffIds), platform };
  } catch (error) {
    // Whoever unpacks it will refuse it; it is copied as it is.
    if (isKind(error, 'invalid_argument')) return { diffIds: [], chainIds: [] };
    throw error;
  }
}

/** The nodes of a tree, each once. */
export function nodes(tree: ImageTree): readonly ImageTree[] {
  const found = new Map<Digest, ImageTree>();
  const next = [tree];
  for (let node = next.pop(); node !== undefined; node = next.pop()) {
    if (found.has(node.descriptor.digest)) continue;
    found.set(node.descriptor.digest, node);
    if (node.kind === 'index') next.push(...node.children.toReversed());
  }
  return [...found.values()];
}

/** The manifests of a tree, each once. */
export function leaves(tree: ImageTree): readonly ManifestNode[] {
  return nodes(tree).filter((node) => node.kind === 'manifest');
}

/** True for what has no file system: manifests of an artifact type, or with another config than an image's. */
export function isArtifact({ manifest }: Pick<ManifestNode, 'manifest'>): boolean {
  return manifest.artifactType !== undefined || !isConfigType(manifest.config.mediaType);
}

function checkPlatform({ descriptor, platform }: ManifestNode, wanted: readonly Platform[]): void {
  if (platform === undefined) return;
  const own = { ...descriptor, platform };
  for (const one of wanted) {
    if (matchPlatform([own], one).length === 0) throw noSuchPlatform(descriptor.digest, one, [own]);
  }
}

function noSuchPlatform(digest: Digest, wanted: Platform, manifests: readonly Descriptor[]): BerthError {
  const known = manifests.flatMap((one) =>
    one.platform === undefined || isAttestation(one) ? [] : [formatPlatform(one.platform)],
  );
  return new BerthError('not_found', `${digest} has no image for ${formatPlatform(wanted)}`, {
    code: 'no_such_platform',
    hint: known.length === 0 ? 'it has no image for any platform: copy all of it' : `it has ${known.join(', ')}`,
  });
}

function tooDeep({ digest }: Descriptor): BerthError {
  return new BerthError('invalid_argument', `${digest} is more than ${maxLevels} levels of indexes deep`, {
    code: 'bad_json',
  });
}

function tooLarge({ digest }: Descriptor): BerthError {
  return new BerthError('resource_exhausted', `the manifests of ${digest} have more than ${maxDocuments} bytes`, {
    code: 'too_large',
  });
}

function unknownType({ digest, mediaType }: Descriptor): BerthError {
  return new BerthError(
    'invalid_argument',
    `${digest} is of the media type '${mediaType}', which is neither a manifest nor an index`,
    { code: 'unknown_media_type' },
  );
}
