import type { CallContext } from '@berth/model/context';
import { shortId } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { type Descriptor, type Manifest, parseIndex, parseManifest } from '@berth/model/manifest';
import { isConfigType, isIndexType, isManifestType } from '@berth/model/media-type';
import { parseImageConfig } from '@berth/model/image-config';
import type { ImageSource, SourceBlob } from '@berth/image/medium/medium';
import type { Labels } from '#store/content';
import { allOrNone } from './all-or-none.ts';
import type { ImageBackend } from './backend.ts';
import type { Progress } from './contract.ts';
import { documentReader } from './document-reader.ts';
import type { ReadDocument } from './documents.ts';
import { childLabels, snapshotLabel } from './labels.ts';
import { choosePlatforms, type PlatformChoice, type WantedPlatforms } from './platform-choice.ts';
import { sourceLabel } from './source-label.ts';
import { storeBlob } from './store-blob.ts';
import { unpackImage } from './unpack.ts';

export interface BringOptions {
  readonly wanted: WantedPlatforms;
  readonly progress: Progress;
}

/**
 * Brings a target and what it names from a source into the content store, under the caller's lease, and unpacks the
 * platforms that were chosen. Children come before parents: what is in the store refers only to what is there too.
 * Names are the caller's to give, when all is there.
 */
export async function bringImage(
  backend: ImageBackend,
  context: CallContext,
  source: ImageSource,
  { target, options }: { readonly target: Descriptor; readonly options: BringOptions },
): Promise<void> {
  checkType(target, source);
  const read = documentReader(backend, context, source);
  const has = (child: Descriptor): Promise<boolean> => source.has(child, context.signal);
  const choice = await choosePlatforms(read, target, { wanted: options.wanted, has });
  await bringTree({ backend, context, source, read, choice, progress: options.progress }, target);
}

interface Bringing {
  readonly backend: ImageBackend;
  readonly context: CallContext;
  readonly source: ImageSource;
  readonly read: ReadDocument;
  readonly choice: PlatformChoice;
  readonly progress: Progress;
}

async function bringTree(bringing: Bringing, descriptor: Descriptor): Promise<void> {
  const { backend, context, read, choice, progress } = bringing;
  if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) {
    return await bringBlobs(bringing, [descriptor]);
  }
  const bytes = await read(descriptor);
  let labels: Labels;
  if (isIndexType(descriptor.mediaType)) {
    const index = parseIndex(bytes, `index ${descriptor.digest}`);
    for (const child of index.manifests) if (await choice.isWanted(child)) await bringTree(bringing, child);
    labels = childLabels(descriptor.mediaType, index);
  } else {
    const manifest = parseManifest(bytes, `manifest ${descriptor.digest}`);
    await bringManifest(bringing, descriptor, manifest);
    labels = childLabels(descriptor.mediaType, manifest);
  }
  await backend.content.label(context, descriptor.digest, { ...labels, ...(await originLabel(bringing, descriptor)) });
  progress({ id: shortId(descriptor.digest), status: 'stored' });
}

/** An image is unpacked when it was chosen; an artifact, which has no file system, is only kept. */
async function bringManifest(bringing: Bringing, descriptor: Descriptor, manifest: Manifest): Promise<void> {
  const { backend, context, source, read, choice, progress } = bringing;
  const isImage = isConfigType(manifest.config.mediaType);
  if (!isImage || !choice.unpack.has(descriptor.digest)) {
    return await bringBlobs(bringing, [manifest.config, ...manifest.layers]);
  }
  const config = parseImageConfig(await read(manifest.config), `config ${manifest.config.digest}`);
  const image = { descriptor, manifest, config };
  const find = (layer: Descriptor): SourceBlob => source.blob(layer);
  const labelsOf = (layer: Descriptor): Promise<Labels> => originLabel(bringing, layer);
  const chain = await unpackImage(backend, context, image, { find, progress, labelsOf });
  const tie = chain === '' ? {} : snapshotLabel(backend.snapshots.driver, chain);
  const labels = { ...tie, ...(await labelsOf(manifest.config)) };
  if (Object.keys(labels).length > 0) await backend.content.label(context, manifest.config.digest, labels);
}

async function bringBlobs(bringing: Bringing, blobs: readonly Descriptor[]): Promise<void> {
  const { backend, context, source, progress } = bringing;
  // An image may have the same layer twice.
  const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  await allOrNone(
    context,
    unique.map((descriptor) => async (inner: CallContext) => {
      const labels = await originLabel(bringing, descriptor);
      await storeBlob(backend, inner, { descriptor, source: source.blob(descriptor), labels, progress });
    }),
  );
}

/** Where a blob is to be had without sending it, for a push to the same registry. */
async function originLabel({ backend, context, source }: Bringing, { digest }: Descriptor): Promise<Labels> {
  if (source.origin === undefined) return {};
  return await sourceLabel(backend.content, context, { digest, origin: source.origin });
}

/** @throws invalid_argument (`unknown_schema`, `unknown_media_type`) */
function checkType({ mediaType, digest }: Descriptor, source: ImageSource): void {
  if (isIndexType(mediaType) || isManifestType(mediaType)) return;
  if (mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+')) {
    throw new BerthError('invalid_argument', `${source.title} is an image of schema 1, which was retired in 2017`, {
      code: 'unknown_schema',
      hint: 'push the image again with a current docker',
    });
  }
  throw new BerthError('invalid_argument', `${digest} is of the unknown media type ${mediaType}`, {
    code: 'unknown_media_type',
  });
}
