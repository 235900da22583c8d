import { BerthError } from '@berth/model/error';
import { type Descriptor, maxManifestSize, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType, mediaTypes } from '@berth/model/media-type';
import { sha256 } from '@berth/model/digest';
import { type Place, pushScopes, subjectOf } from '../place.ts';
import { discard } from '../transport/body.ts';
import type { Answer } from '../transport/exchange.ts';
import { listedByTag, referrersTag } from './referrers.ts';

export interface PushOptions {
  readonly tag?: string;
  readonly signal: AbortSignal;
}

/** @throws as RegistryClient says; data_loss (`digest_mismatch`) when the registry took it for something else */
export async function pushManifest(
  place: Place,
  descriptor: Descriptor,
  bytes: Uint8Array,
  options: PushOptions,
): Promise<void> {
  const answer = await put(place, descriptor, bytes, options);
  const stored = answer.headers['docker-content-digest'];
  // Of a tag the answer alone tells what it stands for now.
  if (stored !== undefined && stored !== descriptor.digest)
    throw new BerthError(
      'data_loss',
      `manifest ${descriptor.digest} became ${String(stored).slice(0, 140)} on the way`,
      {
        code: 'digest_mismatch',
      },
    );
  const referrer = referrerIn(descriptor, bytes);
  if (referrer === undefined || answer.headers['oci-subject'] !== undefined) return;
  await keepUp(place, referrer, options.signal);
}

async function put(
  place: Place,
  { digest, mediaType }: Descriptor,
  bytes: Uint8Array,
  { tag, signal }: PushOptions,
): Promise<Answer> {
  const reference = tag ?? digest;
  const session = await place.hosts.pushSession(place.name.domain);
  const answer = await session.send({
    method: 'PUT',
    target: `/${place.name.path}/manifests/${reference}`,
    headers: { 'content-type': mediaType },
    body: {
      size: bytes.length,
      async *read() {
        yield bytes;
      },
    },
    scopes: pushScopes(place),
    expect: [200, 201, 202],
    subject: subjectOf(place, `manifest ${reference}`, 'no_such_repository'),
    signal,
  });
  discard(answer);
  return answer;
}

interface Referrer {
  readonly subject: Descriptor;
  /** As it is listed under its subject. */
  readonly entry: Descriptor;
}

/** Undefined for a manifest that refers to none. */
function referrerIn(descriptor: Descriptor, bytes: Uint8Array): Referrer | undefined {
  const { mediaType, digest, size } = descriptor;
  const document = isIndexType(mediaType)
    ? parseIndex(bytes)
    : isManifestType(mediaType)
      ? parseManifest(bytes)
      : undefined;
  if (document?.subject === undefined) return undefined;
  const artifactType = document.artifactType ?? ('config' in document ? document.config.mediaType : undefined);
  const { annotations, subject } = document;
  return {
    subject,
    entry: {
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

/** For registries without the referrers API: an index under a tag (distribution-spec, "Pushing Manifests with Subject"). */
async function keepUp(place: Place, { subject, entry }: Referrer, signal: AbortSignal): Promise<void> {
  const tag = referrersTag(subject.digest);
  const listed = await listedByTag(place, subject.digest, signal);
  if (listed.some(({ digest }) => digest === entry.digest)) return;
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...listed, entry] };
  const bytes = Buffer.from(JSON.stringify(index));
  if (bytes.length > maxManifestSize)
    throw new BerthError('resource_exhausted', `the list of what refers to ${subject.digest} is full`, {
      code: 'too_big',
    });
  const descriptor = { mediaType: mediaTypes.ociIndex, digest: sha256(bytes), size: bytes.length };
  await put(place, descriptor, bytes, { tag, signal });
}
