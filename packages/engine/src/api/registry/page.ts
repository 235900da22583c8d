import { BerthError } from '@berth/model/error';
import type { HttpRequest, ReplyHeaders } from '../http/route.ts';

export interface Page {
  readonly items: readonly string[];
  readonly headers: ReplyHeaders;
}

/** The part of a sorted list that `n` and `last` ask for, and the `Link` to the next. @throws invalid_argument */
export function pageOf(all: readonly string[], request: HttpRequest, path: string): Page {
  const last = request.query.get('last') ?? '';
  const rest = last === '' ? all : all.filter((item) => item > last);
  const count = pageSize(request);
  if (count === undefined || rest.length <= count) return { items: rest, headers: {} };
  const items = rest.slice(0, count);
  const end = items.at(-1);
  // Of nothing there is no next.
  if (end === undefined) return { items, headers: {} };
  const query = new URLSearchParams(request.query);
  query.set('last', end);
  return { items, headers: { link: `<${path}?${query.toString()}>; rel="next"` } };
}

function pageSize(request: HttpRequest): number | undefined {
  const text = request.query.get('n');
  if (text === null || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new BerthError('invalid_argument', `n is '${text.slice(0, 50)}' instead of a number`, { code: 'bad_page' });
}
