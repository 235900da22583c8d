import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { repositoryScope } from '../auth/scope.ts';
import { type Place, pullScopes, pushScopes, subjectOf } from '../place.ts';
import { discard } from '../transport/body.ts';
import { cancelUpload } from '../push/upload.ts';

export async function hasBlob(place: Place, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const session = await place.hosts.askSession(place.name.domain);
  const answer = await session.send({
    method: 'HEAD',
    target: `/${place.name.path}/blobs/${digest}`,
    scopes: pullScopes(place),
    expect: [200, 404],
    subject: subjectOf(place, `blob ${digest}`, 'no_such_blob'),
    signal,
  });
  discard(answer);
  return answer.status === 200;
}

/** True when the registry took the blob over from another repository of its own. */
export async function mountBlob(place: Place, digest: Digest, from: string, signal: AbortSignal): Promise<boolean> {
  const session = await place.hosts.pushSession(place.name.domain);
  const query = new URLSearchParams({ mount: digest, from });
  try {
    const answer = await session.send({
      method: 'POST',
      target: `/${place.name.path}/blobs/uploads/?${query.toString()}`,
      scopes: [...pushScopes(place), repositoryScope(from, 'pull')],
      expect: [201, 202],
      subject: subjectOf(place, `blob ${digest}`, 'no_such_blob'),
      signal,
    });
    discard(answer);
    if (answer.status === 201) return true;
    // It began an upload instead, which nobody will go on with.
    const location = session.resolve(answer.headers.location, answer.url);
    await cancelUpload({ place, session, digest }, location);
    return false;
  } catch (error) {
    // Registries that cannot, and repositories that we may not read: the blob is sent, and that tells what is wrong.
    if (error instanceof BerthError && unable.has(error.kind)) return false;
    throw error;
  }
}

const unable: ReadonlySet<string> = new Set([
  'not_found',
  'invalid_argument',
  'permission_denied',
  'unauthenticated',
  'unimplemented',
  'failed_precondition',
]);
