import { type CallContext, withLease } from '@berth/model/context';
import { shortId } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { parseIndex, parseManifest, type Descriptor } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import { openArchive } from '@berth/image/archive/open';
import type { ImageArchive, ArchivedImage } from '@berth/image/archive/archive';
import type { ImageBackend } from './backend.ts';
import type { LoadedImages, Progress } from './contract.ts';
import { documentLimit, platformImage, type ReadDocument } from './documents.ts';
import { childLabels, danglingName, snapshotLabel } from './labels.ts';
import { moveName } from './name-change.ts';
import { storeBlob } from './store-blob.ts';
import { topChain, unpackImage } from './unpack.ts';

/** Takes every image of an archive or a layout folder. When one fails nothing of the archive stays. */
export async function loadArchive(
  backend: ImageBackend,
  context: CallContext,
  { path, progress }: { readonly path: string; readonly progress: Progress },
): Promise<LoadedImages> {
  try {
    await using lease = await backend.leases.create(context.namespace);
    const leased = withLease(context, lease.id);
    await using archive = await openArchive(path, { scratch: backend.scratch, signal: context.signal });
    const images = archive.images();
    if (images.length === 0) throw noImages(path);
    for (const image of images) await takeImage(backend, leased, { archive, target: image.target, progress });
    await nameImages(backend, context.namespace, images);
    return { images: images.map(({ target, names }) => ({ target: target.digest, names })) };
  } catch (error) {
    // The lease is gone: so is what was stored under it.
    await backend.collector.collect();
    throw error;
  }
}

function noImages(path: string): BerthError {
  return new BerthError('invalid_argument', `${path} holds no image`, { code: 'no_images' });
}

interface Taken {
  readonly archive: ImageArchive;
  readonly target: Descriptor;
  readonly progress: Progress;
}

async function takeImage(
  backend: ImageBackend,
  context: CallContext,
  { archive, target, progress }: Taken,
): Promise<void> {
  const read: ReadDocument = (descriptor) => archive.readAll(descriptor, documentLimit);
  const host = await ignoreOtherPlatforms(() => platformImage(read, target));
  if (host !== undefined) {
    await unpackImage(backend, context, host, { find: (layer) => archive.layerFile(layer), progress });
  }
  await takeTree(backend, context, { archive, target, progress });
  if (host === undefined || host.manifest.layers.length === 0) return;
  const label = snapshotLabel(backend.snapshots.driver, topChain(host));
  await backend.content.label(context, host.manifest.config.digest, label);
}

/** An image for other machines is kept as well; it cannot be run here. */
async function ignoreOtherPlatforms<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (isKind(error, 'not_found') && error.code === 'no_such_platform') return undefined;
    throw error;
  }
}

/** Children first: what is in the store refers only to what is there too. */
async function takeTree(backend: ImageBackend, context: CallContext, taken: Taken): Promise<void> {
  const { archive, target, progress } = taken;
  const labels = isIndexType(target.mediaType) || isManifestType(target.mediaType) ? await takeChildren() : {};
  await storeBlob(backend, context, { descriptor: target, source: archive.source(target), labels });
  progress({ id: shortId(target.digest), status: 'stored' });

  async function takeChildren(): Promise<Readonly<Record<string, string>>> {
    const bytes = await archive.readAll(target, documentLimit);
    const document = isIndexType(target.mediaType) ? parseIndex(bytes) : parseManifest(bytes);
    const children = 'manifests' in document ? document.manifests : [document.config, ...document.layers];
    for (const child of children) {
      // Archives of some platforms only name the others, too.
      if ('manifests' in document && !archive.has(child)) continue;
      await takeTree(backend, context, { ...taken, target: child });
    }
    return childLabels(target.mediaType, document);
  }
}

async function nameImages(backend: ImageBackend, namespace: string, images: readonly ArchivedImage[]): Promise<void> {
  await backend.metadata.write((tx) => {
    for (const { target, names } of images) {
      for (const name of names.length > 0 ? names : [danglingName(target.digest)]) {
        moveName(tx, namespace, name, target);
      }
    }
  });
  for (const { target, names } of images) {
    const attributes = { name: names[0] ?? target.digest };
    backend.events.publish({ type: 'image', action: 'load', id: target.digest, attributes });
  }
}
