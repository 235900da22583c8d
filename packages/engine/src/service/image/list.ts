import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { ImageView } from './contract.ts';
import { documentsOf, type PlatformImage, presentImages, reachableBlobs } from './documents.ts';
import { isDangling } from './labels.ts';
import { topChain } from './layer-steps.ts';

/** Newest first. */
export async function listImages(backend: ImageBackend, context: CallContext): Promise<ImageView[]> {
  const groups = new Map<string, [ImageRecord, ...ImageRecord[]]>();
  for (const record of backend.metadata.read((tx) => tx.images.list(context.namespace))) {
    const group = groups.get(record.target.digest);
    if (group === undefined) groups.set(record.target.digest, [record]);
    else group.push(record);
  }
  const views = await Promise.all([...groups.values()].map((records) => viewImage(backend, context, records)));
  return views.toSorted((a, b) => b.createdAt - a.createdAt);
}

/** One target with all its names. */
export async function viewImage(
  backend: ImageBackend,
  context: CallContext,
  records: readonly [ImageRecord, ...ImageRecord[]],
): Promise<ImageView> {
  const { target } = records[0];
  const read = documentsOf(backend.content, context);
  const images = await presentImages(read, target);
  const blobs = await reachableBlobs(read, target);
  let contentSize = 0;
  for (const digest of blobs.keys()) contentSize += await sizeOf(backend, context, digest);
  const created = images.map(({ config }) => Date.parse(config.created ?? '')).filter((time) => !Number.isNaN(time));
  return {
    target,
    names: records.map(({ name }) => name).filter((name) => !isDangling(name)),
    createdAt: created[0] ?? records[0].createdAt,
    contentSize,
    unpackedSize: await unpackedSize(backend, context, images),
    platforms: images.map(platformName),
    labels: records[0].labels,
  };
}

function platformName({ config }: PlatformImage): string {
  return [config.os, config.architecture, config.variant].filter((part) => part !== undefined).join('/');
}

async function sizeOf(
  backend: ImageBackend,
  context: CallContext,
  digest: `sha256:${string}` | `sha512:${string}`,
): Promise<number> {
  try {
    return (await backend.content.info(context, digest)).size;
  } catch (error) {
    if (isKind(error, 'not_found')) return 0;
    throw error;
  }
}

/** Bytes of the layers that are unpacked, each once. */
async function unpackedSize(
  backend: ImageBackend,
  context: CallContext,
  images: readonly PlatformImage[],
): Promise<number> {
  const counted = new Set<string>();
  let bytes = 0;
  for (const image of images) {
    for (let key = topChain(image); key !== '' && !counted.has(key);) {
      counted.add(key);
      try {
        bytes += (await backend.snapshots.usage(context, key)).bytes;
        key = (await backend.snapshots.stat(context, key)).parent;
      } catch (error) {
        if (!isKind(error, 'not_found')) throw error;
        break;
      }
    }
  }
  return bytes;
}
