import { BerthError } from '@berth/model/error';

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of `512m`, `1g`, `1.5GiB`, `64kb`, `100`: units are powers of 1024, as docker's flags take them.
 * @throws invalid_argument
 */
export function parseByteSize(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * 1024 ** (powers[unit.toLowerCase()] ?? 0));
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw new BerthError('invalid_argument', `invalid size: '${text}'`, { hint: 'write 512m or 1g' });
}

/** A size, or -1 for no limit. */
export function parseByteSizeOrUnlimited(text: string): number {
  return text === '-1' ? -1 : parseByteSize(text);
}
