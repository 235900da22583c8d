import type { Repository } from './contract.ts';
import { repositoryScope } from './auth/scope.ts';
import { hasBlob, mountBlob } from './blob/presence.ts';
import { readBlob } from './blob/read.ts';
import { listTags } from './listing/names.ts';
import { fetchManifest, hasManifest, resolveManifest } from './manifest/fetch.ts';
import { pushManifest } from './manifest/push.ts';
import { listReferrers } from './manifest/referrers.ts';
import { type Place, subjectOf } from './place.ts';
import { pushBlob } from './push/blob.ts';
import { discard } from './transport/body.ts';

/** The verbs of one repository. */
export function repositoryAt(place: Place): Repository {
  return {
    name: place.name,
    resolve: (reference, signal) => resolveManifest(place, reference, signal),
    manifest: (descriptor, signal) => fetchManifest(place, descriptor, signal),
    hasManifest: (digest, signal) => hasManifest(place, digest, signal),
    hasBlob: (digest, signal) => hasBlob(place, digest, signal),
    blob: (blob, signal, offset = 0) => readBlob({ place, blob }, offset, signal),
    mount: (digest, from, signal) => mountBlob(place, digest, from, signal),
    pushBlob: (descriptor, read, options) => pushBlob(place, descriptor, read, options),
    pushManifest: (descriptor, bytes, options) => pushManifest(place, descriptor, bytes, options),
    tags: (signal) => listTags(place, signal),
    referrers: (digest, signal, artifactType) => listReferrers(place, digest, signal, artifactType),
    async deleteManifest(digest, signal) {
      const session = await place.hosts.pushSession(place.name.domain);
      const answer = await session.send({
        method: 'DELETE',
        target: `/${place.name.path}/manifests/${digest}`,
        scopes: [repositoryScope(place.name.path, 'delete')],
        expect: [200, 202, 204],
        subject: subjectOf(place, `manifest ${digest}`, 'no_such_manifest'),
        signal,
      });
      discard(answer);
    },
  };
}
