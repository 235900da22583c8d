import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { type Place, pushScopes, subjectOf } from '../place.ts';
import { discard } from '../transport/body.ts';
import type { Answer, Body } from '../transport/exchange.ts';
import type { ApiRequest, Session } from '../transport/session.ts';

/** For telling the registry that an upload is over: nobody waits for that for long. */
const farewell = 5000;

/** A blob on its way to a registry. */
export interface Parcel {
  readonly place: Place;
  readonly session: Session;
  readonly digest: Digest;
}

/** Where an upload goes on. */
export interface UploadState {
  readonly url: URL;
  /** Bytes that the registry has. */
  readonly at: number;
  /** Chunks but the last may not be smaller (OCI-Chunk-Min-Length). */
  readonly leastChunk: number;
}

/** Begins an upload session (distribution-spec, end-4a). */
export async function beginUpload(parcel: Parcel, signal: AbortSignal): Promise<UploadState> {
  const target = `/${parcel.place.name.path}/blobs/uploads/`;
  const answer = await parcel.session.send({ ...request(parcel, signal), method: 'POST', target, expect: [202] });
  return stateOf(parcel, answer, 0);
}

/** What the registry has of it (end-13). @throws not_found (`no_such_upload`) */
export async function uploadState(parcel: Parcel, url: URL, signal: AbortSignal): Promise<UploadState> {
  const answer = await parcel.session.send({
    ...request(parcel, signal),
    method: 'GET',
    target: url,
    expect: [204, 202],
  });
  const end = Number(/^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '')?.[1] ?? 0);
  // `0-0` is one byte by the letter, and none with some registries.
  return stateOf(parcel, answer, end === 0 ? 0 : end + 1);
}

/** Sends a part (end-5). */
export async function patchUpload(
  parcel: Parcel,
  upload: UploadState,
  body: Body,
  signal: AbortSignal,
): Promise<UploadState> {
  const { at } = upload;
  const answer = await parcel.session.send({
    ...request(parcel, signal),
    method: 'PATCH',
    target: upload.url,
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${at}-${at + body.size - 1}` },
    body,
    expect: [202, 201, 204],
    once: true,
  });
  return { ...stateOf(parcel, answer, at + body.size), leastChunk: upload.leastChunk };
}

/** Ends it, with the whole blob or with nothing more to send (end-6). */
export async function finishUpload(parcel: Parcel, url: URL, body: Body, signal: AbortSignal): Promise<void> {
  const target = new URL(url);
  target.searchParams.set('digest', parcel.digest);
  const answer = await parcel.session.send({
    ...request(parcel, signal),
    method: 'PUT',
    target,
    headers: { 'content-type': 'application/octet-stream' },
    body,
    expect: [201, 204, 200],
    once: true,
  });
  discard(answer);
}

/** So that the registry need not keep what nobody completes. Its answer changes nothing. */
export async function cancelUpload(parcel: Parcel, url: URL): Promise<void> {
  try {
    const signal = AbortSignal.timeout(farewell);
    const asked = { ...request(parcel, signal), method: 'DELETE' as const, target: url, once: true };
    discard(await parcel.session.send({ ...asked, expect: [200, 202, 204, 404, 405] }));
  } catch {
    // It expires there.
  }
}

function request({ place, digest }: Parcel, signal: AbortSignal): Pick<ApiRequest, 'scopes' | 'subject' | 'signal'> {
  return { scopes: pushScopes(place), subject: subjectOf(place, `upload of blob ${digest}`, 'no_such_upload'), signal };
}

function stateOf({ session, digest }: Parcel, answer: Answer, at: number): UploadState {
  discard(answer);
  const { location } = answer.headers;
  const least = Number(answer.headers['oci-chunk-min-length'] ?? 0);
  if (location === undefined && answer.status === 202 && at === 0)
    throw new BerthError('failed_precondition', `upload of blob ${digest}: ${answer.url.host} does not say where to`, {
      code: 'bad_location_header',
    });
  const url = location === undefined ? answer.url : session.resolve(location, answer.url);
  return { url, at, leastChunk: Number.isSafeInteger(least) && least > 0 ? least : 0 };
}
