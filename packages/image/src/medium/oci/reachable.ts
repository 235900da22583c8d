import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@berth/model/digest';
import { errnoName, isKind } from '@berth/model/error';
import { type Descriptor, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
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
async function children(folder: string, { digest, mediaType, size }: Descriptor): Promise<readonly Descriptor[]> {
  if (size > 16 * 1024 * 1024 || !(isIndexType(mediaType) || isManifestType(mediaType))) return [];
  try {
    const bytes = await readFile(join(folder, blobPath(digest)));
    if (isIndexType(mediaType)) return parseIndex(bytes).manifests;
    const { config, layers } = parseManifest(bytes);
    return [config, ...layers];
  } catch (error) {
    if (errnoName(error) === 'ENOENT' || isKind(error, 'invalid_argument')) return [];
    throw error;
  }
}
