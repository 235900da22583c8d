import { createHash, randomUUID } from 'node:crypto';
import { type CallContext, withLease } from '@berth/model/context';
import { type Digest, digestAlgorithm, sha256 } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { type Descriptor, type Index, type Manifest, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import { childLabels } from '#service/image/labels';
import { moveName } from '#service/image/name-change';
import type { Labels } from '#store/content';
import type { RegistryParts } from './backend.ts';
import type { ManifestReference, NewDocument, PutManifest, RepositoryCall } from './contract.ts';
import { isHere } from './manifests.ts';
import { referrerLabels } from './reach.ts';

/** A document that was read and whose digest is known. */
interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly content: Manifest | Index;
}

export async function putManifest(
  parts: RegistryParts,
  call: RepositoryCall,
  { reference, document: sent }: { readonly reference: ManifestReference; readonly document: NewDocument },
): Promise<PutManifest> {
  const document = readDocument(reference, sent);
  const { descriptor, content } = document;
  const { digest } = descriptor;
  const children = childrenOf(content);
  // While this is going on; for longer what has no name needs a lease of its own.
  await using lease = await parts.leases.create(call.context.namespace);
  const context = withLease(call.context, lease.id);
  await checkChildren(parts, context, content);
  const keeping = 'tag' in reference ? context : await parts.pushed.holding(call.context, digest);
  await storeDocument(parts, keeping, document);
  const isHeld = await tieToSubject(parts, call.context, { digest, subject: content.subject?.digest });
  if ('tag' in reference) await nameImage(parts, call, { tag: reference.tag, descriptor });
  // The document needs its children itself now.
  await parts.pushed.release(call.context, children);
  if ('tag' in reference || isHeld) await parts.pushed.release(call.context, [digest]);
  return content.subject === undefined ? { digest } : { digest, subject: content.subject.digest };
}

/** @throws invalid_argument (`bad_manifest`, `digest_mismatch`) */
function readDocument(reference: ManifestReference, { mediaType, bytes }: NewDocument): Document {
  const digest = 'digest' in reference ? digestLike(reference.digest, bytes) : sha256(bytes);
  if ('digest' in reference && digest !== reference.digest) {
    throw new BerthError('invalid_argument', `the manifest has the digest ${digest}, not ${reference.digest}`, {
      code: 'digest_mismatch',
    });
  }
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, content: parseDocument(mediaType, bytes) };
}

function parseDocument(mediaType: string, bytes: Uint8Array): Manifest | Index {
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw badManifest(`its type is '${mediaType.slice(0, 100)}', which is neither a manifest's nor an index's`);
  }
  let content;
  try {
    content = isIndexType(mediaType) ? parseIndex(bytes) : parseManifest(bytes);
  } catch (cause) {
    throw isKind(cause, 'invalid_argument') ? badManifest(cause.message, cause) : cause;
  }
  if (content.mediaType === undefined || content.mediaType === mediaType) return content;
  throw badManifest(`it says that it is ${content.mediaType.slice(0, 100)}, its request that it is ${mediaType}`);
}

function digestLike(model: Digest, bytes: Uint8Array): Digest {
  const algorithm = digestAlgorithm(model);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function badManifest(problem: string, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', `the manifest cannot be taken: ${problem}`, {
    code: 'bad_manifest',
    cause,
  });
}

function childrenOf(content: Manifest | Index): Digest[] {
  const all = 'manifests' in content ? content.manifests : [content.config, ...content.layers];
  return all.map(({ digest }) => digest);
}

/** What is here comes under the context's lease. @throws not_found (`missing_content`) */
async function checkChildren(parts: RegistryParts, context: CallContext, content: Manifest | Index): Promise<void> {
  const missing: Digest[] = [];
  for (const digest of new Set(childrenOf(content))) {
    const there = (await isHere(parts, context, digest)) && (await parts.pushed.adopt(context, digest));
    if (!there) missing.push(digest);
  }
  if ('manifests' in content) {
    // Sparse: the platforms that nobody wanted are not here.
    if (missing.length < Math.max(1, new Set(childrenOf(content)).size)) return;
  } else if (withoutForeign(content, missing).length === 0) return;
  throw new BerthError('not_found', `the manifest names ${missing[0]}, which is not here`, { code: 'missing_content' });
}

/** Layers that are had elsewhere, for their licence, need not be here. */
function withoutForeign(manifest: Manifest, missing: readonly Digest[]): readonly Digest[] {
  const foreign = manifest.layers.filter(({ urls }) => urls !== undefined && urls.length > 0);
  return missing.filter((digest) => !foreign.some((layer) => layer.digest === digest));
}

async function storeDocument(parts: RegistryParts, context: CallContext, document: Document): Promise<void> {
  const { descriptor, bytes, content } = document;
  const { digest, size, mediaType } = descriptor;
  const labels = childLabels(mediaType, content);
  try {
    // A reference of its own: two that push the same manifest need not wait for each other.
    await using ingest = await parts.content.ingest(context, `registry-manifest-${randomUUID()}`, { digest, size });
    await ingest.write(bytes);
    await ingest.commit(context, { digest, size }, { labels });
  } catch (error) {
    if (!isKind(error, 'already_exists')) throw error;
    await addLabels(parts, context, digest, labels);
  }
}

async function addLabels(parts: RegistryParts, context: CallContext, digest: Digest, labels: Labels): Promise<void> {
  if (Object.keys(labels).length > 0) await parts.content.label(context, digest, labels);
}

/** True when the subject is here: from now on it holds its referrer. */
async function tieToSubject(
  parts: RegistryParts,
  context: CallContext,
  { digest, subject }: { readonly digest: Digest; readonly subject: Digest | undefined },
): Promise<boolean> {
  const waiting = parts.waiting.take(context, digest);
  for (const referrer of waiting) await parts.content.label(context, digest, referrerLabels(referrer));
  if (subject === undefined) return false;
  if (await isHere(parts, context, subject)) {
    await parts.content.label(context, subject, referrerLabels(digest));
    return true;
  }
  parts.waiting.add(context, subject, digest);
  return false;
}

async function nameImage(
  parts: RegistryParts,
  { context, repository }: RepositoryCall,
  { tag, descriptor }: { readonly tag: string; readonly descriptor: Descriptor },
): Promise<void> {
  const name = `${repository}:${tag}`;
  await parts.metadata.write((tx) => moveName(tx, context.namespace, name, descriptor));
  parts.events.publish({ type: 'image', action: 'load', id: descriptor.digest, attributes: { name } });
}
