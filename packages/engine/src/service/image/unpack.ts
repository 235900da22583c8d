import { randomBytes } from 'node:crypto';
import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { shortId } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, layerCompression } from '@berth/model/media-type';
import { applyLayer } from '@berth/image/layer/apply';
import { chainId } from '@berth/image/layer/chain-id';
import type { Snapshot } from '#store/snapshot';
import type { Ingest } from '#store/content';
import type { ImageBackend } from './backend.ts';
import type { Progress } from './contract.ts';
import type { PlatformImage } from './documents.ts';
import { diffIdLabel } from './labels.ts';

/** Where a worker reads a layer's bytes: a part of a file. */
export interface LayerFile {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** Finds a layer: in the content store (then it needs no copy), or in an archive. */
export type FindLayer = (layer: Descriptor) => LayerFile;

export interface UnpackOptions {
  readonly find: FindLayer;
  readonly progress: Progress;
}

/** A layer on its stack. */
interface LayerStep {
  readonly layer: Descriptor;
  readonly diffId: Digest;
  readonly parent: string;
  readonly chain: string;
}

/**
 * Makes sure that every layer of the image is unpacked, and in the content store. Each layer is read once: one worker
 * hashes the bytes, keeps them and unpacks them. Answers the chain id of the top layer.
 */
export async function unpackImage(
  backend: ImageBackend,
  context: CallContext,
  image: PlatformImage,
  options: UnpackOptions,
): Promise<string> {
  let parent = '';
  for (const step of layerSteps(image)) {
    await backend.turns.run(step.layer.digest, context.signal, () => unpackLayer(backend, context, step, options));
    parent = step.chain;
  }
  return parent;
}

/** Layers as the content store has them. */
export function storedLayers(backend: ImageBackend): FindLayer {
  return ({ digest, size }) => ({ path: backend.blobPath(digest), offset: 0, size });
}

/** The chain id of an image's top layer, empty without layers. */
export function topChain(image: PlatformImage): string {
  const { diff_ids: diffIds } = image.config.rootfs;
  return diffIds.length === 0 ? '' : chainId(diffIds);
}

function layerSteps({ manifest, config }: PlatformImage): LayerStep[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new BerthError(
      'invalid_argument',
      `config ${manifest.config.digest} names ${diffIds.length} layers, its manifest ${manifest.layers.length}`,
      { code: 'layer_count' },
    );
  }
  for (const layer of manifest.layers) compressionOf(layer);
  return manifest.layers.map((layer, n) => ({
    layer,
    diffId: diffIds[n] as Digest,
    parent: n === 0 ? '' : chainId(diffIds.slice(0, n)),
    chain: chainId(diffIds.slice(0, n + 1)),
  }));
}

async function unpackLayer(
  backend: ImageBackend,
  context: CallContext,
  step: LayerStep,
  options: UnpackOptions,
): Promise<void> {
  const isUnpacked = await has(() => backend.snapshots.stat(context, step.chain));
  await using ingest = await openIngest(backend, context, step.layer);
  if (isUnpacked && ingest === undefined) return;
  const key = `unpack-${randomBytes(8).toString('hex')}`;
  const snapshot = isUnpacked ? undefined : await backend.snapshots.prepare(context, key, step.parent);
  try {
    await applyStep(backend, context, { step, ingest, snapshot }, options);
    if (snapshot !== undefined) await commitSnapshot(backend, context, step.chain, key);
  } catch (error) {
    if (ingest !== undefined) await ignoreMissing(() => backend.content.abort(context, ingest.ref));
    if (snapshot !== undefined) await ignoreMissing(() => backend.snapshots.remove(context, key));
    throw error;
  }
}

function compressionOf({ mediaType, digest }: Descriptor): Compression {
  const compression = layerCompression(mediaType);
  if (compression !== undefined) return compression;
  throw new BerthError('invalid_argument', `layer ${digest} is of the unknown media type ${mediaType}`, {
    code: 'unknown_media_type',
  });
}

interface LayerWork {
  readonly step: LayerStep;
  readonly ingest: Ingest | undefined;
  readonly snapshot: Snapshot | undefined;
}

async function applyStep(
  backend: ImageBackend,
  context: CallContext,
  { step, ingest, snapshot }: LayerWork,
  { find, progress }: UnpackOptions,
): Promise<void> {
  const { layer, diffId } = step;
  const { path, offset, size } = find(layer);
  const compression = compressionOf(layer);
  if (ingest !== undefined && ingest.offset > 0) await ingest.truncate(0);
  const id = shortId(layer.digest);
  // Folders that the layer needs and does not describe are as below.
  const parents = step.parent === '' ? [] : await backend.snapshots.layers(context, step.parent);
  const result = await applyLayer(
    {
      source: { path, offset, length: size },
      compression,
      whiteouts: backend.snapshots.driver === 'overlayfs' ? 'overlay' : 'remove',
      expect: { digest: layer.digest, size: layer.size, diffId },
      ...(ingest === undefined ? {} : { copyTo: ingest.path }),
      ...(snapshot === undefined ? {} : { unpackTo: snapshot.path, parents, sync: true }),
    },
    {
      signal: context.signal,
      onProgress: (bytes) => progress({ id, status: 'loading layer', current: bytes, total: size }),
    },
  );
  const verified = { digest: result.digest, size: result.size };
  const labels = diffIdLabel(diffId);
  if (ingest !== undefined) await ingest.commit(context, layer, { labels, verified });
  else await backend.content.label(context, layer.digest, labels);
  progress({ id, status: 'loaded' });
}

/** Another unpack of the same layer may have been quicker: then its result serves both. */
async function commitSnapshot(backend: ImageBackend, context: CallContext, chain: string, key: string): Promise<void> {
  try {
    // The worker has synced what it wrote.
    await backend.snapshots.commit(context, chain, key, { synced: true });
  } catch (error) {
    if (!isKind(error, 'already_exists')) throw error;
    await backend.snapshots.remove(context, key);
  }
}

/** Undefined when the blob is there already; then it is in this namespace and under this lease too. */
export async function openIngest(
  backend: ImageBackend,
  context: CallContext,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): Promise<Ingest | undefined> {
  try {
    return await backend.content.ingest(context, `blob-${digest}`, { digest, size });
  } catch (error) {
    if (isKind(error, 'already_exists')) return undefined;
    throw error;
  }
}

async function has(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}

async function ignoreMissing(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}
