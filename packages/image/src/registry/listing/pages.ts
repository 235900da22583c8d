import { BerthError } from '@berth/model/error';
import { type JsonValue, readJson } from '@berth/model/json-reader';
import type { ApiRequest, Session } from '../transport/session.ts';

const maxPage = 4 << 20;
/** A registry whose pages never end. */
const mostPages = 100_000;

/** The JSON documents of a listing, page by page along Link headers (distribution-spec, "Listing Tags"). */
export async function* pagesOf(
  session: Session,
  request: ApiRequest,
): AsyncGenerator<{ readonly json: JsonValue; readonly headers: NodeJS.Dict<string | string[]> }> {
  let target = request.target;
  const seen = new Set<string>();
  for (let page = 0; page < mostPages; page++) {
    const { answer, bytes } = await session.read({ ...request, target }, maxPage);
    yield { json: readPage(bytes, request), headers: answer.headers };
    const link = nextLink(answer.headers.link);
    if (link === undefined) return;
    const url = session.resolve(link, answer.url);
    if (url.origin !== answer.url.origin || seen.has(url.href)) throw badLink(request);
    seen.add(url.href);
    target = url;
  }
  throw badLink(request);
}

function readPage(bytes: Uint8Array, { subject }: ApiRequest): JsonValue {
  try {
    return readJson(bytes, subject.title, maxPage);
  } catch (cause) {
    throw new BerthError('data_loss', `${subject.title}: the registry's answer is not the JSON that it should be`, {
      code: 'bad_answer',
      cause,
    });
  }
}

/** `</v2/app/tags/list?last=b&n=2>; rel="next"` (RFC 8288). */
export function nextLink(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '');
  return /<([^<>]*)>[^<,]*;\s*rel="?next"?(?:[\s;,]|$)/i.exec(text)?.[1];
}

function badLink({ subject }: ApiRequest): BerthError {
  return new BerthError('failed_precondition', `${subject.title}: the registry's pages lead elsewhere or in circles`, {
    code: 'bad_location_header',
  });
}
