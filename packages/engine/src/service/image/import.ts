import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type CallContext, withLease } from '@berth/model/context';
import { BerthError, errnoName } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import type { Descriptor } from '@berth/model/manifest';
import { parseManifest } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import type { BuiltDocument, ImportedImage } from '@berth/image/import/build';
import { importRootfs } from '@berth/image/import/import-rootfs';
import type { Labels } from '#store/content';
import { afterFailure } from './after-failure.ts';
import type { ImageBackend } from './backend.ts';
import type { ImportRequest, LoadedImages, Progress } from './contract.ts';
import { childLabels, danglingName, diffIdLabel, snapshotLabel } from './labels.ts';
import { moveName } from './name-change.ts';
import { storeBytes } from './store-blob.ts';
import { storedLayers, unpackImage } from './unpack.ts';

export interface ImportJob {
  readonly path: string;
  readonly request: ImportRequest;
  readonly progress: Progress;
}

/** Makes an image of one layer out of the tar of a root file system. */
export async function importImage(backend: ImageBackend, context: CallContext, job: ImportJob): Promise<LoadedImages> {
  const name = job.request.name === undefined ? undefined : parseReference(job.request.name).name;
  try {
    await using lease = await backend.leases.create(context.namespace);
    const target = await storeImage(backend, withLease(context, lease.id), job);
    const shown = name ?? danglingName(target.digest);
    await backend.metadata.write((tx) => moveName(tx, context.namespace, shown, target));
    const attributes: Record<string, string> = name === undefined ? {} : { name };
    backend.events.publish({ type: 'image', action: 'import', id: target.digest, attributes });
    return { images: [{ target: target.digest, names: name === undefined ? [] : [name] }] };
  } catch (error) {
    throw await afterFailure(backend, context, error);
  }
}

async function storeImage(backend: ImageBackend, context: CallContext, job: ImportJob): Promise<Descriptor> {
  const { config, manifest } = await storeLayer(backend, context, job);
  const image = {
    descriptor: manifest.descriptor,
    manifest: parseManifest(manifest.bytes),
    config: parseImageConfig(config.bytes),
  };
  const chain = await unpackImage(backend, context, image, { find: storedLayers(backend), progress: job.progress });
  await storeDocument(backend, context, config, snapshotLabel(backend.snapshots.driver, chain));
  await storeDocument(backend, context, manifest, childLabels(manifest.descriptor.mediaType, image.manifest));
  return manifest.descriptor;
}

/** Keeps the tar as it is, whatever its compression, and measures both digests on the way. */
async function storeLayer(
  backend: ImageBackend,
  context: CallContext,
  { path, request, progress }: ImportJob,
): Promise<ImportedImage> {
  const total = await sizeOf(path);
  const ref = `import-${randomBytes(8).toString('hex')}`;
  await using ingest = await backend.content.ingest(context, ref);
  try {
    const { result, ...image } = await importRootfs(path, {
      ...request,
      copyTo: ingest.path,
      signal: context.signal,
      onProgress: (current) => progress({ id: 'rootfs', status: 'reading', current, total }),
    });
    const { digest, size, diffId } = result;
    const labels = diffIdLabel(diffId ?? digest);
    await ingest.commit(context, { digest, size }, { labels, verified: { digest, size } });
    return image;
  } catch (error) {
    await backend.content.abort(context, ref).catch(() => undefined);
    throw error;
  }
}

async function storeDocument(
  backend: ImageBackend,
  context: CallContext,
  { descriptor, bytes }: BuiltDocument,
  labels: Labels,
): Promise<void> {
  await storeBytes(backend, context, { descriptor, bytes, labels });
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw new BerthError('not_found', `cannot read ${path}: ${errnoName(cause)}`, { code: 'no_such_file', cause });
  }
}
