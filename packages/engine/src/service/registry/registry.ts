import type { RegistryBackend, RegistryParts } from './backend.ts';
import type { ManifestReference, RegistryService, RepositoryCall } from './contract.ts';
import { KnownDocuments } from './known-documents.ts';
import { findBlob, findManifest, missingManifest } from './manifests.ts';
import { PushedContent } from './pushed-content.ts';
import { putManifest } from './put-manifest.ts';
import { findReferrers } from './referrers.ts';
import { repositoryImages, repositoryNames, repositoryTags } from './repository.ts';
import { UploadSessions } from './uploads.ts';
import { WaitingReferrers } from './waiting-referrers.ts';

/** Disposing closes the uploads that are open; they can be taken up again. */
export function createRegistryService(backend: RegistryBackend): RegistryService & AsyncDisposable {
  const pushed = new PushedContent(backend);
  const parts = { ...backend, pushed, documents: new KnownDocuments(backend.content), waiting: new WaitingReferrers() };
  const uploads = new UploadSessions(parts);
  return {
    uploads,
    repositories: ({ namespace }) => repositoryNames(backend.metadata.read((tx) => tx.images.list(namespace))),
    tags: (call) => repositoryTags(parts, call),
    manifest: (call, reference) => findManifest(parts, call, reference),
    blob: (call, digest) => findBlob(parts, call, digest),
    referrers: (call, subject) => findReferrers(parts, call, subject),
    putManifest: (call, reference, document) => putManifest(parts, call, { reference, document }),
    removeManifest: (call, reference) => removeManifest(parts, call, reference),
    [Symbol.asyncDispose]: () => uploads[Symbol.asyncDispose](),
  };
}

async function removeManifest(parts: RegistryParts, call: RepositoryCall, reference: ManifestReference): Promise<void> {
  const names = repositoryImages(parts, call).filter(({ name, target }) =>
    'tag' in reference ? name === `${call.repository}:${reference.tag}` : target.digest === reference.digest,
  );
  if (names.length === 0) throw missingManifest(call, reference);
  // Containers that need the image keep it as one without a name.
  for (const { name } of names) await parts.images.remove(call.context, name, { force: true, scope: 'share-group' });
}
