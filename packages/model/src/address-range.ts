import { BerthError } from './error.ts';

/** A range of addresses of one family. */
export interface AddressRange {
  readonly family: 4 | 6;
  /** The first address, as a number. */
  readonly base: bigint;
  /** Bits that all of its addresses share. */
  readonly prefix: number;
  /** `10.88.0.0/16`. */
  readonly text: string;
}

/** One range, or one of each family with a comma between. @throws invalid_argument (`bad_pod_range`) */
export function parseRanges(text: string): AddressRange[] {
  const ranges = text.split(',').map((one) => parseRange(one.trim()));
  if (new Set(ranges.map(({ family }) => family)).size === ranges.length) return ranges;
  throw badRange(text, 'has two ranges of one family');
}

/** @throws invalid_argument (`bad_pod_range`) */
export function parseRange(text: string): AddressRange {
  const [address = '', length = ''] = text.split('/', 2);
  const family = addressFamily(address);
  const size = family === 4 ? 32 : 128;
  if (family === undefined || !/^\d{1,3}$/.test(length) || text.split('/').length !== 2) {
    throw badRange(text, 'is not an address and a prefix length, such as 10.88.0.0/16');
  }
  const prefix = Number(length);
  if (prefix > size) throw badRange(text, `has a prefix of more than ${size} bits`);
  const rest = BigInt(size - prefix);
  const base = (addressNumber(address) >> rest) << rest;
  return { family, base, prefix, text: `${addressText(base, family)}/${prefix}` };
}

/** Undefined of what is no address; one with a zone is none. */
export function addressFamily(text: string): 4 | 6 | undefined {
  if (/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text)) return 4;
  return /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`) ? 6 : undefined;
}

export function addressNumber(address: string): bigint {
  const bytes = addressBytes(address);
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** In the order of the network: 4 or 16. */
export function addressBytes(address: string): Buffer {
  if (addressFamily(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = withoutDots(address).split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => parseInt(word, 16)));
  const first = words(head);
  const last = tail === undefined ? [] : words(tail);
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [index, word] of [...first, ...zeros, ...last].entries()) bytes.writeUInt16BE(word, index * 2);
  return bytes;
}

/** `::ffff:1.2.3.4` with its last four bytes as two words. */
function withoutDots(address: string): string {
  const at = address.lastIndexOf(':') + 1;
  const tail = address.slice(at);
  if (!tail.includes('.')) return address;
  const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
  return `${address.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** As inet_ntop(3) writes it. */
export function addressText(value: bigint, family: 4 | 6): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const words = Array.from({ length: 8 }, (_, index) => (value >> BigInt(112 - index * 16)) & 0xffffn);
  const text = words.map((word) => word.toString(16)).join(':');
  // The longest run of two zeros or more, the first of several.
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length);
  const [run] = runs;
  if (run === undefined) return text;
  const before = text.slice(0, run.index).replace(/:$/, '');
  const behind = text.slice(run.index + run[0].length).replace(/^:/, '');
  return `${before}::${behind}`;
}

function badRange(text: string, problem: string): BerthError {
  return new BerthError('invalid_argument', `pod range '${text}' ${problem}`, { code: 'bad_pod_range' });
}
