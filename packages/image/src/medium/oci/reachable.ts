import { join } from 'node:path';
import type { Digest } from '@berth/model/digest';
import { errnoName, isKind } from '@berth/model/error';
import { type Descriptor, maxManifestSize, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import { readSmallFile } from '../../archive/member.ts';
import { blobPath } from '../../archive/write-archive.ts';

/** Digests of all that the targets lead to in a layout folder, themselves included. */
export async function reachableIn(folder: string, targets: readonly Descriptor[]): Promise<ReadonlySet<Digest>> {
  const found = new Set<Digest>();
  const next = [...targets];
  for (let descriptor = next.pop(); descriptor !== undefined; descriptor = next.pop()) {
    if (found.has(descriptor.digest)) continue;
    found.add(descriptor.digest);
    next.push(...(await children(folder, descriptor)));
  }
  return found;
}

/** What cannot be read leads nowhere: the layout was broken before. */
async function children(folder: string, { digest, mediaType }: Descriptor): Promise<readonly Descriptor[]> {
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return [];
  try {
    const path = join(folder, blobPath(digest));
    const bytes = await readSmallFile(path, maxManifestSize);
    if (isIndexType(mediaType)) return parseIndex(bytes).manifests;
    const { config, layers } = parseManifest(bytes);
    return [config, ...layers];
  } catch (error) {
    const isBroken = isKind(error, 'invalid_argument') || isKind(error, 'resource_exhausted');
    if (errnoName(error) === 'ENOENT' || isBroken) return [];
    throw error;
  }
}
