import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { maxManifestSize } from '@berth/model/manifest';
import type { RegistryParts } from './backend.ts';
import type { ManifestReference, RepositoryCall, StoredBlob, StoredManifest } from './contract.ts';
import { reachedManifests } from './reach.ts';

/** @throws not_found (`no_such_manifest`) */
export async function findManifest(
  parts: RegistryParts,
  call: RepositoryCall,
  reference: ManifestReference,
): Promise<StoredManifest> {
  const descriptor =
    'tag' in reference ? taggedTarget(parts, call, reference.tag) : await byDigest(parts, call, reference);
  if (descriptor === undefined) throw missingManifest(call, reference);
  try {
    return { descriptor, bytes: await parts.content.readAll(call.context, descriptor.digest, maxManifestSize) };
  } catch (error) {
    throw isKind(error, 'not_found') ? missingManifest(call, reference) : error;
  }
}

function taggedTarget({ metadata }: RegistryParts, { context, repository }: RepositoryCall, tag: string) {
  return metadata.read((tx) => tx.images.get(context.namespace, `${repository}:${tag}`))?.target;
}

async function byDigest(parts: RegistryParts, call: RepositoryCall, { digest }: { readonly digest: Digest }) {
  const document = await (call.reach === 'namespace'
    ? parts.documents.find(call.context, digest)
    : reachedDocument(parts, call, digest));
  return document === undefined ? undefined : { digest, mediaType: document.mediaType, size: document.size };
}

async function reachedDocument(parts: RegistryParts, call: RepositoryCall, digest: Digest) {
  for await (const reached of reachedManifests(parts, call)) if (reached.digest === digest) return reached.document;
  return undefined;
}

/** @throws not_found (`no_such_blob`) */
export async function findBlob(parts: RegistryParts, call: RepositoryCall, digest: Digest): Promise<StoredBlob> {
  const { content } = parts;
  const { context } = call;
  if (call.reach === 'repository' && !(await isReached(parts, call, digest))) throw missingBlob(call, digest);
  try {
    const { size } = await content.info(context, digest);
    return { digest, size, read: (range) => content.read(context, digest, range) };
  } catch (error) {
    throw isKind(error, 'not_found') ? missingBlob(call, digest) : error;
  }
}

async function isReached(parts: RegistryParts, call: RepositoryCall, digest: Digest): Promise<boolean> {
  for await (const reached of reachedManifests(parts, call)) {
    // Some clients fetch manifests as blobs.
    if (reached.digest === digest || reached.document.blobs.some((blob) => blob.digest === digest)) return true;
  }
  return false;
}

/** Whether the namespace has it. */
export async function isHere({ content }: RegistryParts, context: CallContext, digest: Digest): Promise<boolean> {
  try {
    await content.info(context, digest);
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}

export function missingManifest({ repository }: RepositoryCall, reference: ManifestReference): BerthError {
  const name = 'tag' in reference ? `${repository}:${reference.tag}` : `${repository}@${reference.digest}`;
  return new BerthError('not_found', `there is no manifest ${name}`, { code: 'no_such_manifest' });
}

function missingBlob({ repository }: RepositoryCall, digest: Digest): BerthError {
  return new BerthError('not_found', `${repository} has no blob ${digest}`, { code: 'no_such_blob' });
}
