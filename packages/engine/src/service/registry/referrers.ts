import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { RegistryParts } from './backend.ts';
import type { RepositoryCall } from './contract.ts';
import type { KnownDocument } from './known-documents.ts';
import { labelledReferrers, reachedManifests } from './reach.ts';

/** What refers to a subject: pushed with it, named in the repository, or (for the owner) waiting for it. */
export async function findReferrers(
  parts: RegistryParts,
  call: RepositoryCall,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const found = new Map<Digest, KnownDocument>();
  for await (const { digest, document } of reachedManifests(parts, call)) {
    if (document.subject === subject) found.set(digest, document);
  }
  if (call.reach === 'namespace') {
    const { context } = call;
    const others = [...(await labelledReferrers(parts, context, subject)), ...parts.waiting.list(context, subject)];
    for (const digest of others) {
      const document = await parts.documents.find(context, digest);
      if (document?.subject === subject) found.set(digest, document);
    }
  }
  return [...found].map(([digest, document]) => describe(digest, document));
}

function describe(digest: Digest, { mediaType, size, artifactType, annotations }: KnownDocument): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
