import { BerthError } from '@berth/model/error';

const unitLength: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A span as Go writes it (`10m`, `1h30m`, `1.5h`), milliseconds. @throws invalid_argument */
export function parseSpan(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) {
    throw new BerthError('invalid_argument', `'${text}' is not a span of time`, { hint: 'such as 90s, 10m or 1h30m' });
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * (unitLength[unit] ?? 0), 0));
}

/** RFC 3339, a date, seconds since 1970, or a span before `now`; milliseconds since 1970. @throws invalid_argument */
export function parseMoment(text: string, now: number): number {
  if (/[smh]$/.test(text)) return now - parseSpan(text);
  const at = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  // The ends of Date's time.
  if (Number.isFinite(at) && Math.abs(at) <= 8.64e15) return at;
  throw new BerthError('invalid_argument', `'${text}' is not a time`, {
    hint: 'give RFC 3339, seconds since 1970, or a span before now such as 24h',
  });
}
