import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type CallContext, withLease } from '@berth/model/context';
import { parseReference } from '@berth/model/reference';
import { sha256 } from '@berth/model/digest';
import { BerthError, errnoName } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { hostPlatform } from '@berth/model/platform';
import { detectCompression } from '@berth/image/archive/compression';
import { buildImportedImage } from '@berth/image/import/imported-image';
import { applyLayer } from '@berth/image/layer/apply';
import type { ImageBackend } from './backend.ts';
import type { ImportRequest, LoadedImages, Progress } from './contract.ts';
import { documentsOf, platformImage } from './documents.ts';
import { childLabels, danglingName, diffIdLabel, snapshotLabel } from './labels.ts';
import { moveName } from './name-change.ts';
import { storeBlob } from './store-blob.ts';
import { topChain, unpackImage } from './unpack.ts';
import { parseManifest } from '@berth/model/manifest';

const layerTypes = { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd } as const;

/** Makes an image of one layer out of the tar of a root file system. */
export async function importImage(
  backend: ImageBackend,
  context: CallContext,
  { path, request, progress }: { readonly path: string; readonly request: ImportRequest; readonly progress: Progress },
): Promise<LoadedImages> {
  const name = request.name === undefined ? undefined : parseReference(request.name).name;
  try {
    await using lease = await backend.leases.create(context.namespace);
    const leased = withLease(context, lease.id);
    const { layer, diffId } = await storeLayer(backend, leased, { path, progress });
    const image = buildImportedImage({
      diffId,
      layer,
      changes: request.changes,
      platform: hostPlatform(),
      ...(request.message === undefined ? {} : { message: request.message }),
    });
    const config = descriptorOf(mediaTypes.ociConfig, image.config);
    const target = descriptorOf(mediaTypes.ociManifest, image.manifest);
    await storeBlob(backend, leased, { descriptor: config, source: inMemory(image.config), labels: {} });
    const labels = childLabels(target.mediaType, parseManifest(image.manifest));
    await storeBlob(backend, leased, { descriptor: target, source: inMemory(image.manifest), labels });
    await unpackImported(backend, leased, target);
    await backend.metadata.write((tx) =>
      moveName(tx, context.namespace, name ?? danglingName(target.digest), target),
    );
    backend.events.publish({ type: 'image', action: 'import', id: target.digest, attributes: name ? { name } : {} });
    return { images: [{ target: target.digest, names: name === undefined ? [] : [name] }] };
  } catch (error) {
    await backend.collector.collect();
    throw error;
  }
}

/** Keeps the tar as it is, whatever its compression, and measures both digests on the way. */
async function storeLayer(
  backend: ImageBackend,
  context: CallContext,
  { path, progress }: { readonly path: string; readonly progress: Progress },
): Promise<{ layer: Descriptor; diffId: `sha256:${string}` }> {
  const total = await sizeOf(path);
  const compression = await detectCompression(path);
  const ref = `import-${randomBytes(8).toString('hex')}`;
  await using ingest = await backend.content.ingest(context, ref);
  try {
    const { digest, size, diffId } = await applyLayer(
      { source: { path }, compression, copyTo: ingest.path, wantDiffId: true },
      {
        signal: context.signal,
        onProgress: (current) => progress({ id: 'rootfs', status: 'reading', current, total }),
      },
    );
    if (diffId === undefined) throw new Error('the layer job measured no diff id');
    await ingest.commit(context, { digest, size }, { labels: diffIdLabel(diffId), verified: { digest, size } });
    return { layer: { mediaType: layerTypes[compression], digest, size }, diffId: diffId as `sha256:${string}` };
  } catch (error) {
    await backend.content.abort(context, ref).catch(() => undefined);
    throw error;
  }
}

async function unpackImported(backend: ImageBackend, context: CallContext, target: Descriptor): Promise<void> {
  const image = await platformImage(documentsOf(backend.content, context), target);
  await unpackImage(backend, context, image, {
    find: ({ digest, size }) => Promise.resolve({ path: backend.blobPath(digest), offset: 0, size }),
    progress: () => {},
  });
  const label = snapshotLabel(backend.snapshots.driver, topChain(image));
  await backend.content.label(context, image.manifest.config.digest, label);
}

function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

function inMemory(bytes: Uint8Array): { readonly size: number; readonly bytes: Uint8Array } {
  return { size: bytes.length, bytes };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw new BerthError('not_found', `cannot read ${path}: ${errnoName(cause)}`, { code: 'no_such_file', cause });
  }
}
