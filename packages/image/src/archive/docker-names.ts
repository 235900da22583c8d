import { type Descriptor, maxManifestSize, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import type { BlobSet } from './blob-set.ts';
import { readDockerManifest } from './docker-manifest.ts';
import type { Members } from './member.ts';

interface Nameable {
  readonly target: Descriptor;
  readonly names: Set<string>;
}

/** Gives images of an index the names that manifest.json has for their configs, where the index has none. */
export async function dockerNames(members: Members, blobs: BlobSet, images: readonly Nameable[]): Promise<void> {
  const nameless = images.filter(({ names }) => names.size === 0);
  const listed = nameless.length === 0 ? undefined : await readDockerManifest(members);
  if (listed === undefined) return;
  for (const { target, names } of nameless) {
    const configs = await configsOf(blobs, target);
    for (const image of listed) {
      if (!configs.some((hex) => image.config.includes(hex))) continue;
      for (const name of image.names) names.add(name);
    }
  }
}

/** The configs' digests (hexadecimal part) of an image and, for an index, of its children that are here. */
async function configsOf(blobs: BlobSet, target: Descriptor): Promise<readonly string[]> {
  if (!blobs.has(target)) return [];
  if (isManifestType(target.mediaType)) {
    const { config } = parseManifest(await blobs.readAll(target, maxManifestSize));
    return [config.digest.slice(config.digest.indexOf(':') + 1)];
  }
  if (!isIndexType(target.mediaType)) return [];
  const { manifests } = parseIndex(await blobs.readAll(target, maxManifestSize));
  const configs: string[] = [];
  // One after the other: an index may name thousands, and each is a file to open.
  for (const child of manifests) if (isManifestType(child.mediaType)) configs.push(...(await configsOf(blobs, child)));
  return configs;
}
