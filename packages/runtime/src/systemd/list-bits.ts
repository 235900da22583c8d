import { invalid } from '../compile/invalid.ts';

/** More processors than any kernel is built for. */
const most = 8192;

/** `0-3,9` as a mask, the lowest number in the lowest bit of the first byte: what AllowedCPUs= takes. */
export function listBits(list: string, field: string): Uint8Array {
  const numbers = list
    .split(',')
    .filter((part) => part.trim() !== '')
    .flatMap((part) => {
      const [, first, last] = /^\s*([0-9]+)(?:-([0-9]+))?\s*$/.exec(part) ?? [];
      const from = Number(first);
      const to = Number(last ?? first);
      if (Number.isNaN(from) || from > to || to >= most) throw invalid(field, `not a list like 0-3,9: ${list}`);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
  if (numbers.length === 0) throw invalid(field, `not a list like 0-3,9: ${list}`);
  const bits = new Uint8Array(Math.floor(Math.max(...numbers) / 8) + 1);
  for (const number of numbers) bits[number >> 3] = (bits[number >> 3] ?? 0) | (1 << (number & 7));
  return bits;
}
