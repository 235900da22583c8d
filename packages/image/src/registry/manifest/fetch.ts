import { createHash } from 'node:crypto';
import { type Digest, digestAlgorithm, isDigest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { type Descriptor, maxManifestSize } from '@berth/model/manifest';
import { isIndexType, isManifestType, mediaTypes } from '@berth/model/media-type';
import type { Repository } from '../contract.ts';
import { firstAnswer } from '../hosts.ts';
import { type Place, pullScopes, subjectOf } from '../place.ts';
import type { Answer } from '../transport/exchange.ts';
import { discard } from '../transport/body.ts';
import type { ApiRequest, Session } from '../transport/session.ts';
import { mediaTypeOf } from './media-type.ts';

const { ociIndex, ociManifest, dockerList, dockerManifest } = mediaTypes;
/** Without these a registry converts to what the eldest dockers read. */
const accept = [ociIndex, ociManifest, dockerList, dockerManifest, '*/*'].join(', ');

type Resolved = Awaited<ReturnType<Repository['resolve']>>;

/** @throws as RegistryClient says */
export async function resolveManifest(
  place: Place,
  wanted: { readonly tag?: string; readonly digest?: Digest },
  signal: AbortSignal,
): Promise<Resolved> {
  const reference = wanted.digest ?? wanted.tag ?? 'latest';
  const sessions = await place.hosts.sessions(place.name.domain, 'resolve');
  return await firstAnswer(sessions, signal, async (session, once) => {
    const request = { ...requestFor(place, reference, signal), once };
    return (await byHead(session, request, wanted.digest)) ?? (await byGet(session, request, wanted.digest));
  });
}

/** The manifest's bytes, verified. */
export async function fetchManifest(
  place: Place,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  const request = requestFor(place, digest, signal);
  if (size > maxManifestSize)
    throw new BerthError(
      'resource_exhausted',
      `${request.subject.title} has ${size} bytes, more than the ${maxManifestSize} that a manifest may have`,
      { code: 'too_big' },
    );
  const sessions = await place.hosts.sessions(place.name.domain, 'pull');
  return await firstAnswer(sessions, signal, async (session, once) => {
    const { bytes } = await session.read({ ...request, once }, maxManifestSize);
    if (bytes.length !== size) throw wrong(request, `has ${bytes.length} bytes instead of ${size}`, 'size_mismatch');
    checkDigest(request, bytes, digest);
    return bytes;
  });
}

/** @returns false for 404 */
export async function hasManifest(place: Place, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const session = await place.hosts.askSession(place.name.domain);
  const request = requestFor(place, digest, signal);
  const answer = await session.send({ ...request, method: 'HEAD', expect: [200, 404] });
  discard(answer);
  return answer.status === 200;
}

function requestFor(place: Place, reference: string, signal: AbortSignal): ApiRequest {
  return {
    method: 'GET',
    target: `/${place.name.path}/manifests/${reference}`,
    headers: { accept },
    scopes: pullScopes(place),
    expect: [200],
    subject: subjectOf(place, `manifest ${reference}`, 'no_such_manifest'),
    signal,
  };
}

/** Docker Hub does not count these. Undefined when the headers do not say all: then a GET does, or says why not. */
async function byHead(
  session: Session,
  request: ApiRequest,
  digest: Digest | undefined,
): Promise<Resolved | undefined> {
  try {
    const answer = await session.send({ ...request, method: 'HEAD' });
    discard(answer);
    return described(answer, request, digest);
  } catch (error) {
    const telling = isKind(error, 'not_found') || isKind(error, 'unimplemented') || isKind(error, 'invalid_argument');
    if (telling) return undefined;
    throw error;
  }
}

function described({ headers }: Answer, request: ApiRequest, wanted: Digest | undefined): Resolved | undefined {
  const digest = headers['docker-content-digest'] ?? wanted;
  const mediaType = plainType(headers['content-type']);
  const size = Number(headers['content-length'] ?? Number.NaN);
  if (!isDigest(digest) || !Number.isSafeInteger(size) || size <= 0) return undefined;
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return undefined;
  if (wanted !== undefined && digest !== wanted) throw wrong(request, `is ${digest} there`, 'digest_mismatch');
  return { descriptor: { mediaType, digest, size } };
}

async function byGet(session: Session, request: ApiRequest, wanted: Digest | undefined): Promise<Resolved> {
  const { answer, bytes } = await session.read(request, maxManifestSize);
  const announced = answer.headers['docker-content-digest'];
  const mediaType = mediaTypeOf(bytes, plainType(answer.headers['content-type']), request.subject.title);
  const digest = wanted ?? (isDigest(announced) ? announced : hashOf(bytes, 'sha256'));
  checkDigest(request, bytes, digest);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** Without `; charset=utf-8`. */
function plainType(header: string | undefined): string {
  return (header ?? '').split(';')[0]!.trim();
}

function checkDigest(request: ApiRequest, bytes: Uint8Array, digest: Digest): void {
  const actual = hashOf(bytes, digestAlgorithm(digest));
  if (actual !== digest) throw wrong(request, `came as ${actual} instead of ${digest}`, 'digest_mismatch');
}

function hashOf(bytes: Uint8Array, algorithm: 'sha256' | 'sha512'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function wrong({ subject }: ApiRequest, problem: string, code: string): BerthError {
  return new BerthError('data_loss', `${subject.title} ${problem}`, { code });
}
