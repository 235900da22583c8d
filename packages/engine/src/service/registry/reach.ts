import type { CallContext } from '@berth/model/context';
import { type Digest, isDigest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Labels } from '#store/content';
import type { RegistryParts } from './backend.ts';
import type { RepositoryCall } from './contract.ts';
import type { KnownDocument } from './known-documents.ts';
import { repositoryImages } from './repository.ts';

/** On a subject, a label for each referrer: it holds them as long as it is there, and tells them without a search. */
const referrerLabel = 'containerd.io/gc.ref.content.referrer.';

export function referrerLabels(digest: Digest): Labels {
  return { [referrerLabel + digest.replace(':', '-')]: digest };
}

export interface ReachedManifest {
  readonly digest: Digest;
  readonly document: KnownDocument;
}

/**
 * Every manifest and index of a repository that is here, each once: what the names point at, what indexes name, and
 * what refers to those.
 */
export async function* reachedManifests(parts: RegistryParts, call: RepositoryCall): AsyncIterable<ReachedManifest> {
  const pending: Pick<Descriptor, 'digest' | 'mediaType'>[] = repositoryImages(parts, call).map(({ target }) => target);
  const seen = new Set<Digest>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { digest, mediaType } = next;
    if (seen.has(digest)) continue;
    seen.add(digest);
    const document = await parts.documents.find(call.context, digest, mediaType);
    if (document === undefined) continue;
    yield { digest, document };
    const referrers = await labelledReferrers(parts, call.context, digest);
    pending.push(...document.manifests, ...referrers.map((referrer) => ({ digest: referrer, mediaType: '' })));
  }
}

/** Referrers that were pushed while their subject was here. */
export async function labelledReferrers(
  { content }: RegistryParts,
  context: CallContext,
  subject: Digest,
): Promise<Digest[]> {
  try {
    const { labels } = await content.info(context, subject);
    const found = Object.entries(labels).filter(([label]) => label.startsWith(referrerLabel));
    return found.map(([, digest]) => digest).filter((digest) => isDigest(digest));
  } catch (error) {
    if (isKind(error, 'not_found')) return [];
    throw error;
  }
}
