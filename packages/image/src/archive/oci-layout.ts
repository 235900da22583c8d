import { isDigest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { asString, readJson, required } from '@berth/model/json-reader';
import { type Descriptor, maxManifestSize, parseIndex } from '@berth/model/manifest';
import { isReference, parseReference } from '@berth/model/reference';
import type { ArchivedImage } from './archive.ts';
import { BlobSet } from './blob-set.ts';
import { dockerNames } from './docker-names.ts';
import { type Members, readMember } from './member.ts';

export const layoutFile = 'oci-layout';
export const indexFile = 'index.json';

/** An image with all that it is called in its archive: a layout's bare tags are no names, and yet select an image. */
export interface ReferredImage extends ArchivedImage {
  readonly references: readonly string[];
}

/** Which images a layout has, and its blobs. */
export interface Content {
  readonly images: readonly ReferredImage[];
  readonly blobs: BlobSet;
}

/**
 * Reads an OCI image layout (image-spec, image-layout.md). When docker's manifest.json is there too it adds
 * the names it knows: old writers of both put tags into the index that are no full references.
 */
export async function readLayout(members: Members): Promise<Content> {
  await checkVersion(members);
  const index = members.get(indexFile);
  if (index === undefined)
    throw new BerthError('invalid_argument', `the layout has no ${indexFile}`, { code: 'bad_layout' });
  const { manifests } = parseIndex(await readMember(index, indexFile, maxManifestSize), indexFile);
  const blobs = blobsOf(members);
  const images = new Map<string, { target: Descriptor; names: Set<string>; references: Set<string> }>();
  for (const target of manifests) {
    const image = images.get(target.digest) ?? { target, names: new Set(), references: new Set() };
    for (const name of namesOf(target)) image.names.add(name);
    for (const key of nameAnnotations) image.references.add(target.annotations?.[key] ?? '');
    images.set(target.digest, image);
  }
  await dockerNames(members, blobs, [...images.values()]);
  return {
    images: [...images.values()].map(({ target, names, references }) => ({
      target: withoutName(target),
      names: [...names],
      references: [...references].filter((reference) => reference !== ''),
    })),
    blobs,
  };
}

async function checkVersion(members: Members): Promise<void> {
  const file = members.get(layoutFile);
  if (file === undefined) return;
  const version = asString(
    required(readJson(await readMember(file, layoutFile, 64 * 1024), layoutFile, 64 * 1024), 'imageLayoutVersion'),
  );
  if (!version.startsWith('1.'))
    throw new BerthError('invalid_argument', `the layout has the version ${version}; 1.0.0 is known`, {
      code: 'bad_layout',
    });
}

/** The files of `blobs/ALGORITHM/HEX`. */
export function blobsOf(members: Members): BlobSet {
  const blobs = new BlobSet();
  for (const [path, source] of members) {
    const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (isDigest(digest)) blobs.add(digest, source);
  }
  return blobs;
}

/** containerd's annotation holds the full name; OCI's may be a mere tag, which names nothing by itself. */
function namesOf({ annotations = {} }: Descriptor): readonly string[] {
  const full = annotations[fullNameAnnotation];
  if (full !== undefined && isReference(full)) return [parseReference(full).name];
  const ref = annotations[refNameAnnotation];
  if (ref === undefined || !/[/:]/.test(ref) || !isReference(ref)) return [];
  return [parseReference(ref).name];
}

/** Of a full name, and of a name that may be a mere tag. */
export const fullNameAnnotation = 'io.containerd.image.name';
export const refNameAnnotation = 'org.opencontainers.image.ref.name';
const nameAnnotations = [fullNameAnnotation, refNameAnnotation];

/** What names an image in this archive is not part of the image. */
function withoutName(target: Descriptor): Descriptor {
  const { annotations, ...rest } = target;
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !nameAnnotations.includes(key));
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}
