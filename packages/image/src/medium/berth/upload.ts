import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { BlobHints, SourceBlob } from '../medium.ts';
import type { Door } from './door.ts';

/** Where an upload goes on. */
export interface Upload {
  readonly location: string;
  /** Bytes that are there. */
  readonly offset: number;
}

/**
 * Opens the upload of a blob, or what an earlier one left; undefined when the blob is there. What is there stays for a
 * day, which is time enough for the manifest.
 */
export async function openUpload(door: Door, page: string, signal: AbortSignal): Promise<Upload | undefined> {
  const headers = { 'berth-resume': 'true' };
  const answer = await door.ask({ method: 'POST', page, headers, signal });
  return answer.status === 201 ? undefined : readUpload(door, answer.headers);
}

/** Where an upload is by now; undefined when it is gone. */
export async function lookUpload(door: Door, location: string, signal: AbortSignal): Promise<Upload | undefined> {
  try {
    return readUpload(door, (await door.ask({ method: 'GET', page: location, signal })).headers);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

/** Sends what is missing, and has the whole checked. @throws data_loss (`digest_mismatch`, `size_mismatch`) */
export async function sendBlob(
  door: Door,
  { location, offset }: Upload,
  {
    descriptor,
    source,
    hints,
  }: { readonly descriptor: Descriptor; readonly source: SourceBlob; readonly hints: BlobHints },
): Promise<void> {
  const { digest, size } = descriptor;
  const { signal } = hints;
  if (offset < size) {
    const bytes = exactly(descriptor, { source, offset, hints });
    const headers = { 'content-range': `${offset}-${size - 1}`, 'content-type': 'application/octet-stream' };
    await door.ask({ method: 'PATCH', page: location, headers, stream: { bytes, length: size - offset }, signal });
  }
  await door.ask({ method: 'PUT', page: `${location}?digest=${digest}`, signal });
}

export async function cancelUpload(door: Door, { location }: Upload, signal: AbortSignal): Promise<void> {
  try {
    await door.ask({ method: 'DELETE', page: location, signal });
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}

/** The rest of a blob: no byte more than it has, and none less. */
async function* exactly(
  { digest, size }: Descriptor,
  { source, offset, hints }: { readonly source: SourceBlob; readonly offset: number; readonly hints: BlobHints },
): AsyncIterable<Uint8Array> {
  let at = offset;
  for await (const piece of source.read(hints.signal, offset)) {
    at += piece.length;
    if (at > size) break;
    yield piece;
    hints.onProgress?.(at);
  }
  if (at === size) return;
  const came = at > size ? 'more' : String(at);
  throw new BerthError('data_loss', `blob ${digest} came with ${came} bytes instead of ${size}`, {
    code: 'size_mismatch',
  });
}

function readUpload(door: Door, headers: Readonly<Record<string, string | string[] | undefined>>): Upload {
  const { location, 'berth-offset': offset } = headers;
  if (typeof location === 'string' && location.startsWith('/v2/') && /^\d{1,15}$/.test(String(offset))) {
    return { location, offset: Number(offset) };
  }
  throw new BerthError('unavailable', `${door.title}: the store does not tell where an upload goes on`);
}
