import { invalid } from './invalid.ts';

/** Processors or memory nodes as the kernel takes them: a mask of 64-bit words, little endian. */
export interface NumberSet {
  readonly mask: Uint8Array;
  /** One more than the highest number. */
  readonly end: number;
}

/** More than any kernel's NR_CPUS or MAX_NUMNODES. */
const maxNumber = 65_535;

/** The kernel's list format, `0-3,7`. `path` is where the text stands in the spec. */
export function parseNumberSet(text: string, path: string): NumberSet {
  const ranges = text.split(',').map((part) => {
    const match = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match === null || first > last || last > maxNumber) throw invalid(path, `not a list of numbers: '${text}'`);
    return { first, last };
  });
  const end = Math.max(...ranges.map(({ last }) => last)) + 1;
  const mask = new Uint8Array(8 * Math.ceil(end / 64));
  for (const { first, last } of ranges) {
    for (let number = first; number <= last; number++) mask[number >> 3]! |= 1 << (number & 7);
  }
  return { mask, end };
}

/** The numbers of a mask, lowest first. */
export function numbersOf(mask: Uint8Array): number[] {
  const numbers: number[] = [];
  mask.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) numbers.push(8 * index + bit);
  });
  return numbers;
}
