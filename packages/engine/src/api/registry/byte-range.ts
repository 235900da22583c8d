import { BerthError } from '@berth/model/error';

/** First and last byte, both counted. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * What a `Range` header wants of `size` bytes (RFC 9110, 14.2). Undefined is all: also for headers that cannot be read
 * and for several ranges, as that section allows. 'none' is a range outside of the bytes.
 */
export function wantedSpan(text: string | undefined, size: number): Span | 'none' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text?.trim() ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'none' : { first: Math.max(0, size - Number(to)), last: size - 1 };
  const first = Number(from);
  if (to !== '' && Number(to) < first) return undefined;
  if (first >= size) return 'none';
  return { first, last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}

/** `Content-Range` of a part of an upload: the spec's `FIRST-LAST`, or with HTTP's `bytes `. @throws invalid_argument */
export function uploadSpan(text: string | undefined): Span | undefined {
  if (text === undefined) return undefined;
  const [, from = '', to = ''] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(text.trim()) ?? [];
  const span = { first: Number(from), last: Number(to) };
  if (from !== '' && span.last >= span.first) return span;
  throw new BerthError('invalid_argument', `the content range '${text.slice(0, 100)}' is none`, {
    code: 'bad_part',
    hint: 'a range reads FIRST-LAST, both counted from 0',
  });
}

/** `Range` of what an upload has. Nothing at all reads 0-0, as in docker's registry. */
export function rangeOf(offset: number): string {
  return `0-${Math.max(0, offset - 1)}`;
}
