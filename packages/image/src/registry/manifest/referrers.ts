import { type Digest, digestAlgorithm, digestHex } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { type Descriptor, parseIndex } from '@berth/model/manifest';
import { pagesOf } from '../listing/pages.ts';
import { type Place, pullScopes, subjectOf } from '../place.ts';
import { fetchManifest, resolveManifest } from './fetch.ts';

/** Bytes of all that is listed for one subject: whoever may push could make it endless. */
const maxListing = 16 << 20;

/** `sha256-HEX`: cut where the algorithm's digest is longer than a tag can be. */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}`.slice(0, 128);
}

/** What refers to the manifest. Empty where the registry knows of nothing. @throws resource_exhausted (`too_big`) */
export async function listReferrers(
  place: Place,
  digest: Digest,
  signal: AbortSignal,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const found = (await byApi(place, digest, signal, artifactType)) ?? (await listedByTag(place, digest, signal));
  // A registry need not filter (it says so in OCI-Filters-Applied); filtering twice harms nobody.
  return artifactType === undefined ? found : found.filter((each) => each.artifactType === artifactType);
}

/** Undefined where the registry has no such API. */
async function byApi(
  place: Place,
  digest: Digest,
  signal: AbortSignal,
  artifactType: string | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const session = (await place.hosts.sessions(place.name.domain, 'referrers')).at(-1)!;
  const filter = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found: Descriptor[] = [];
  let size = 0;
  try {
    const pages = pagesOf(session, {
      method: 'GET',
      target: `/${place.name.path}/referrers/${digest}${filter}`,
      scopes: pullScopes(place),
      expect: [200],
      subject: subjectOf(place, `referrers of ${digest}`, 'no_such_manifest'),
      signal,
    });
    for await (const { json } of pages) {
      const bytes = Buffer.from(JSON.stringify(json.value));
      size += bytes.length;
      if (size > maxListing)
        throw new BerthError('resource_exhausted', `the list of what refers to ${digest} does not end`, {
          code: 'too_big',
        });
      found.push(...parseIndex(bytes).manifests);
    }
    return found;
  } catch (error) {
    if (isKind(error, 'not_found') || isKind(error, 'invalid_argument') || isKind(error, 'unimplemented'))
      return undefined;
    throw error;
  }
}

/** From the index that clients keep under a tag where the registry has no API for it. */
export async function listedByTag(place: Place, digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]> {
  try {
    const { descriptor, bytes } = await resolveManifest(place, { tag: referrersTag(digest) }, signal);
    return parseIndex(bytes ?? (await fetchManifest(place, descriptor, signal))).manifests;
  } catch (error) {
    if (isKind(error, 'not_found')) return [];
    throw error;
  }
}
