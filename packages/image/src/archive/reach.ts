import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { type Descriptor, maxManifestSize, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import type { BlobSet } from './blob-set.ts';

/** Indexes may hold indexes; no image needs more levels. */
const maxLevels = 8;

/**
 * Every blob of the targets that is in the archive, children first.
 *
 * Manifests that an index names and the archive lacks are left out: archives of some platforms only are
 * written like that. A manifest's own config and layers must be there, except foreign layers.
 *
 * @throws data_loss (`missing_blob`), invalid_argument (`unknown_media_type`, `bad_json`)
 */
export async function reachable(blobs: BlobSet, targets: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, Descriptor>();
  for (const target of targets) await visit(target, 0);
  return [...found.values()];

  async function visit(descriptor: Descriptor, level: number): Promise<void> {
    if (found.has(descriptor.digest)) return;
    if (level > maxLevels)
      throw new BerthError(
        'invalid_argument',
        `${descriptor.digest} is more than ${maxLevels} levels of indexes deep`,
        { code: 'bad_json' },
      );
    checkSize(blobs, descriptor);
    if (isIndexType(descriptor.mediaType)) await visitIndex(descriptor, level);
    else if (isManifestType(descriptor.mediaType)) await visitManifest(descriptor);
    else throw unknownType(descriptor);
    found.set(descriptor.digest, descriptor);
  }

  async function visitIndex(descriptor: Descriptor, level: number): Promise<void> {
    const bytes = await blobs.readAll(descriptor, maxManifestSize);
    for (const child of parseIndex(bytes, `index ${descriptor.digest}`).manifests) {
      if (blobs.has(child)) await visit(child, level + 1);
    }
  }

  async function visitManifest(descriptor: Descriptor): Promise<void> {
    const bytes = await blobs.readAll(descriptor, maxManifestSize);
    const { config, layers } = parseManifest(bytes, `manifest ${descriptor.digest}`);
    for (const child of [config, ...layers]) {
      if (!blobs.has(child) && isForeign(child)) continue;
      checkSize(blobs, child);
      found.set(child.digest, child);
    }
  }
}

function isForeign({ mediaType }: Descriptor): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

function checkSize(blobs: BlobSet, { digest, size, mediaType }: Descriptor): void {
  if (!blobs.has({ digest })) {
    throw new BerthError('data_loss', `the archive lacks the blob ${digest} (${mediaType})`, {
      code: 'missing_blob',
      hint: 'the archive is incomplete: save the image again',
    });
  }
  const actual = blobs.source(digest).size;
  if (actual !== size)
    throw new BerthError('data_loss', `blob ${digest} of the archive has ${actual} bytes instead of ${size}`, {
      code: 'size_mismatch',
    });
}

function unknownType({ digest, mediaType }: Descriptor): BerthError {
  return new BerthError(
    'invalid_argument',
    `${digest} is of the media type '${mediaType}', which is neither a manifest nor an index`,
    { code: 'unknown_media_type' },
  );
}
