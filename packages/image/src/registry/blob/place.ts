import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { failureOf } from '../failure/kinds.ts';
import { firstAnswer } from '../hosts.ts';
import { type Place, pullScopes, subjectOf } from '../place.ts';
import { discard } from '../transport/body.ts';
import type { Answer } from '../transport/exchange.ts';
import { follow } from '../transport/redirect.ts';
import { systemTls } from '../host/tls.ts';

/** From here on it pays to read a body by other means. */
const bulky = 1 << 20;

/** The bytes from `start` up to `end`, which is not among them. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A blob of a repository, as it can be asked for. */
export interface BlobPlace {
  readonly place: Place;
  readonly blob: Pick<Descriptor, 'digest' | 'size' | 'urls'>;
}

/** An answer whose body begins at byte `first` of the blob. */
export interface OpenedBlob {
  readonly answer: Answer;
  readonly first: number;
}

/**
 * Asks for a range of the blob, first the mirrors, then the registry, then the URLs of a foreign layer.
 * @param skipped hosts that failed before, from the first on; the last is always asked
 * @throws as RegistryClient says; data_loss (`size_mismatch`) when the host has another size
 */
export async function openBlob(
  { place, blob }: BlobPlace,
  range: ByteRange,
  { signal, skipped }: { readonly signal: AbortSignal; readonly skipped: number },
): Promise<OpenedBlob> {
  const all = await place.hosts.sessions(place.name.domain, 'pull');
  const subject = subjectOf(place, `blob ${blob.digest}`, 'no_such_blob');
  const request = {
    method: 'GET' as const,
    target: `/${place.name.path}/blobs/${blob.digest}`,
    headers: rangeHeader(range, blob.size),
    scopes: pullScopes(place),
    expect: [200, 206, 416],
    subject,
    signal,
    bulk: range.end - range.start >= bulky,
  };
  try {
    return await firstAnswer(all.slice(Math.min(skipped, all.length - 1)), signal, async (session, once) =>
      begun(await session.send({ ...request, once }), range, blob),
    );
  } catch (error) {
    if (!isKind(error, 'not_found') || blob.urls === undefined || blob.urls.length === 0) throw error;
    return await openElsewhere({ place, blob }, range, signal);
  }
}

function rangeHeader({ start, end }: ByteRange, size: number): Readonly<Record<string, string>> {
  return start === 0 && end === size ? {} : { range: `bytes=${start}-${end - 1}` };
}

function begun(answer: Answer, range: ByteRange, { digest, size }: BlobPlace['blob']): OpenedBlob {
  const { headers, status } = answer;
  if (status === 200) {
    const length = headers['content-length'];
    if (length !== undefined && Number(length) !== size)
      throw wrongSize(answer, digest, `${length} instead of ${size}`);
    return { answer, first: 0 };
  }
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (status === 416) throw wrongSize(answer, digest, `fewer than ${size}`);
  if (total !== undefined && total !== '*' && Number(total) !== size)
    throw wrongSize(answer, digest, `${total} instead of ${size}`);
  if (Number(first) === range.start) return { answer, first: range.start };
  discard(answer);
  throw new BerthError('data_loss', `${answer.url.host} sends another part of blob ${digest} than it was asked for`, {
    code: 'bad_range',
  });
}

function wrongSize(answer: Answer, digest: Digest, sizes: string): BerthError {
  answer.stream.destroy();
  return new BerthError('data_loss', `blob ${digest} has ${sizes} bytes at ${answer.url.host}`, {
    code: 'size_mismatch',
  });
}

/** Foreign layers (image-spec, "urls"): by https, and as nobody. */
async function openElsewhere({ place, blob }: BlobPlace, range: ByteRange, signal: AbortSignal): Promise<OpenedBlob> {
  const { agents, tuning, userAgent } = place.hosts;
  const headers = { 'user-agent': userAgent, 'accept-encoding': 'identity', ...rangeHeader(range, blob.size) };
  const route = { agents, tls: systemTls, ownHeaders: {}, patience: tuning };
  let failure: unknown;
  for (const text of blob.urls ?? []) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') continue;
    try {
      const answer = await follow({ method: 'GET', url, headers, signal }, route);
      if (answer.status === 200 || answer.status === 206) return begun(answer, range, blob);
      discard(answer);
      failure = failureOf(answer.status, '', { title: `blob ${blob.digest} at ${url.host}`, host: url.host });
    } catch (error) {
      failure = error;
    }
  }
  const { title } = subjectOf(place, `blob ${blob.digest}`);
  throw new BerthError('not_found', `${title}: neither the registry nor any of its https URLs has it`, {
    code: 'no_such_blob',
    cause: failure,
  });
}
