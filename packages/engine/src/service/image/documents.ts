import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { parseImageConfig, type ImageConfig } from '@berth/model/image-config';
import { parseIndex, parseManifest, type Descriptor, type Manifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import { chooseManifest, hostPlatform, isAttestation, type Platform } from '@berth/model/platform';
import type { ContentStore } from '#store/content';

/** The manifest and config of an image for one platform. */
export interface PlatformImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** Reads a blob that holds JSON, whatever its kind. */
export type ReadDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

export function documentsOf(content: ContentStore, context: CallContext): ReadDocument {
  return (descriptor) => content.readAll(context, descriptor.digest, documentLimit);
}

/** Manifests and configs above this are refused (registries have the same limit), bytes. */
export const documentLimit = 4 << 20;

/**
 * The image behind a target for a platform: the target itself, or the best child of an index.
 * @throws not_found (`no_such_platform`), invalid_argument (`unknown_media_type`)
 */
export async function platformImage(
  read: ReadDocument,
  target: Descriptor,
  platform: Platform = hostPlatform(),
): Promise<PlatformImage> {
  const descriptor = await manifestFor(read, target, platform);
  const manifest = parseManifest(await read(descriptor), `manifest ${descriptor.digest}`);
  const config = parseImageConfig(await read(manifest.config), `config ${manifest.config.digest}`);
  return { descriptor, manifest, config };
}

async function manifestFor(read: ReadDocument, target: Descriptor, platform: Platform): Promise<Descriptor> {
  if (isManifestType(target.mediaType)) return target;
  if (!isIndexType(target.mediaType)) {
    throw new BerthError('invalid_argument', `${target.digest} is of the unknown media type ${target.mediaType}`, {
      code: 'unknown_media_type',
    });
  }
  const index = parseIndex(await read(target), `index ${target.digest}`);
  const chosen = chooseManifest(index.manifests, platform);
  if (chosen !== undefined) return await manifestFor(read, chosen, platform);
  throw new BerthError('not_found', `${target.digest} has no manifest for ${platform.os}/${platform.architecture}`, {
    code: 'no_such_platform',
  });
}

/** Every platform image below a target whose manifest and config are here. */
export async function presentImages(read: ReadDocument, target: Descriptor): Promise<PlatformImage[]> {
  try {
    if (isIndexType(target.mediaType)) {
      const { manifests } = parseIndex(await read(target));
      const images = manifests.filter((child) => !isAttestation(child));
      return (await Promise.all(images.map((child) => presentImages(read, child)))).flat();
    }
    if (!isManifestType(target.mediaType)) return [];
    return [await platformImage(read, target)];
  } catch (error) {
    if (isKind(error, 'not_found') || isKind(error, 'invalid_argument')) return [];
    throw error;
  }
}

/** Digests of every blob that belongs to a target and is named by documents that are here. */
export async function reachableBlobs(read: ReadDocument, target: Descriptor): Promise<Map<Digest, Descriptor>> {
  const found = new Map<Digest, Descriptor>([[target.digest, target]]);
  const visit = async (descriptor: Descriptor): Promise<void> => {
    for (const child of await children(read, descriptor)) {
      if (found.has(child.digest)) continue;
      found.set(child.digest, child);
      await visit(child);
    }
  };
  await visit(target);
  return found;
}

async function children(read: ReadDocument, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  try {
    if (isIndexType(descriptor.mediaType)) return parseIndex(await read(descriptor)).manifests;
    if (!isManifestType(descriptor.mediaType)) return [];
    const manifest = parseManifest(await read(descriptor));
    return [manifest.config, ...manifest.layers];
  } catch (error) {
    if (isKind(error, 'not_found')) return [];
    throw error;
  }
}
