import { BerthError } from '@berth/model/error';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import type { Descriptor } from '@berth/model/manifest';
import { parseReference, type Reference, repositoryOf } from '@berth/model/reference';

/** An image's name in a Berth store, completed as docker's users expect. @throws invalid_argument (`bad_reference`) */
export function imageName(name: string): Reference {
  return parseReference(name);
}

/** A repository's pages of the distribution API. */
export function pagesOf(reference: Reference) {
  const base = `/v2/${repositoryOf(reference)}`;
  return {
    manifest: (tagOrDigest: string): string => `${base}/manifests/${tagOrDigest}`,
    content: (descriptor: Pick<Descriptor, 'digest' | 'mediaType'>): string =>
      `${base}/${isDocument(descriptor) ? 'manifests' : 'blobs'}/${descriptor.digest}`,
    uploads: (mount: string): string => `${base}/blobs/uploads/?mount=${mount}&from=${repositoryOf(reference)}`,
  };
}

/** Manifests and indexes have pages of their own. */
export function isDocument({ mediaType }: Pick<Descriptor, 'mediaType'>): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

/** @throws invalid_argument (`needs_tag`) */
export function tagOf(reference: Reference): string {
  if (reference.tag !== undefined && reference.digest === undefined) return reference.tag;
  throw new BerthError('invalid_argument', `${reference.name} is no name that an image can be stored under`, {
    code: 'needs_tag',
    hint: 'give a name with a tag and without a digest',
  });
}
