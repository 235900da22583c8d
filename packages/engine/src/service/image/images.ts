import type { CallContext } from '@berth/model/context';
import { withLease } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Platform } from '@berth/model/platform';
import { parseReference } from '@berth/model/reference';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { ImageService, ReadyImage } from './contract.ts';
import { documentsOf, platformImage, type PlatformImage, presentImages } from './documents.ts';
import { ensureLabels } from './ensure-labels.ts';
import { findImage } from './find.ts';
import { imageHistory } from './history.ts';
import { imageNames } from './image-names.ts';
import { importImage } from './import.ts';
import { isDangling, snapshotLabel } from './labels.ts';
import { listImages, viewImage } from './list.ts';
import { topChain } from './layer-steps.ts';
import { loadArchive } from './load.ts';
import { moveName } from './name-change.ts';
import { pruneImages } from './prune.ts';
import { removeImage } from './remove.ts';
import { storedLayers, unpackImage } from './unpack.ts';

export function createImageService(backend: ImageBackend): ImageService {
  return {
    load: (context, path, progress) => loadArchive(backend, context, { path, progress }),
    import: (context, path, request, progress) => importImage(backend, context, { path, request, progress }),
    list: (context) => listImages(backend, context),
    inspect: async (context, ref, platform) => {
      const { records } = await findImage(backend, context, ref);
      const view = await viewImage(backend, context, records);
      const { config, manifest } = await shownImage(backend, context, { target: records[0].target, ref, platform });
      return { ...view, config, manifest, configDigest: manifest.config.digest };
    },
    history: async (context, ref, platform) => {
      const { records } = await findImage(backend, context, ref);
      const image = await shownImage(backend, context, { target: records[0].target, ref, platform });
      return await imageHistory(backend, context, { image, records });
    },
    tag: (context, source, target) => tagImage(backend, context, source, target),
    remove: (context, ref, options) => removeImage(backend, context, { ref, ...options }),
    prune: (context, options) => pruneImages(backend, context, options),
    ready: (context, ref) => readyImage(backend, context, ref),
  };
}

async function tagImage(backend: ImageBackend, context: CallContext, source: string, target: string): Promise<void> {
  const reference = parseReference(target);
  if (reference.digest !== undefined) {
    throw new BerthError('invalid_argument', `cannot tag with a digest: ${target}`, { hint: 'give a name and a tag' });
  }
  const { records } = await findImage(backend, context, source);
  await backend.metadata.write((tx) => moveName(tx, context.namespace, reference.name, records[0].target));
  const attributes = { name: reference.name };
  backend.events.publish({ type: 'image', action: 'tag', id: records[0].target.digest, attributes });
}

interface AskedImage {
  readonly target: Descriptor;
  /** As the caller names it. */
  readonly ref: string;
  /** Absent: this machine's. */
  readonly platform?: Platform | undefined;
}

/** @throws not_found (`no_such_platform`) that names the image as the caller does */
async function hostImage(
  backend: ImageBackend,
  context: CallContext,
  { target, ref, platform }: AskedImage,
): Promise<PlatformImage> {
  try {
    return await platformImage(documentsOf(backend.content, context), target, platform);
  } catch (cause) {
    if (!isKind(cause, 'not_found') || cause.code !== 'no_such_platform') throw cause;
    throw new BerthError('not_found', `image ${ref}: ${cause.message}`, { code: cause.code, cause });
  }
}

/** This machine's, or else any that is here: an image for others can be looked at all the same. */
async function shownImage(backend: ImageBackend, context: CallContext, asked: AskedImage): Promise<PlatformImage> {
  try {
    return await hostImage(backend, context, asked);
  } catch (error) {
    if (asked.platform !== undefined || !isKind(error, 'not_found')) throw error;
    const [other] = await presentImages(documentsOf(backend.content, context), asked.target);
    if (other === undefined) throw error;
    return other;
  }
}

async function readyImage(backend: ImageBackend, context: CallContext, ref: string): Promise<ReadyImage> {
  const { named, records } = await findImage(backend, context, ref, 'any');
  const record = named ?? records[0];
  const image = await hostImage(backend, context, { target: record.target, ref });
  const ready = {
    name: isDangling(record.name) ? record.target.digest : record.name,
    target: record.target,
    config: image.config,
    configDigest: image.manifest.config.digest,
    repoDigest: repoDigest(record, records) ?? image.manifest.config.digest,
    chainId: topChain(image),
  };
  await using lease = await backend.leases.create(context.namespace);
  const leased = withLease(context, lease.id);
  await unpackImage(backend, leased, image, { find: storedLayers(backend), progress: () => {} });
  await keepUnpacked(backend, leased, image);
  return ready;
}

/** Of the name that was asked for, else of any of the same target. */
function repoDigest(record: ImageRecord, records: readonly ImageRecord[]): string | undefined {
  return imageNames([record, ...records]).digests[0];
}

/** What came by a door that does not unpack stays unpacked after its first container, as long as the image is here. */
async function keepUnpacked(backend: ImageBackend, context: CallContext, image: PlatformImage): Promise<void> {
  const chain = topChain(image);
  if (chain === '') return;
  const labels = snapshotLabel(backend.snapshots.driver, chain);
  await ensureLabels(backend, context, { digest: image.manifest.config.digest, labels });
}
