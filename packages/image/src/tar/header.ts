import { badTar, type ByteText, readable } from './entry.ts';

export const blockSize = 512;

/** The fields of one header block, POSIX.1-2017 pax(1), "ustar Interchange Format", and GNU tar's variant. */
export interface Header {
  readonly name: ByteText;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly flag: string;
  readonly linkName: ByteText;
  readonly userName: ByteText;
  readonly groupName: ByteText;
  readonly major: number;
  readonly minor: number;
}

const magicAt = 257;

/** A header block's fields; undefined when the block is all zeros (the mark of the end). */
export function readHeader(block: Buffer): Header | undefined {
  if (!checksumHolds(block)) {
    if (isZero(block)) return undefined;
    throw badTar('a header has a wrong checksum');
  }
  const magic = block.toString('latin1', magicAt, magicAt + 8);
  const posix = magic.startsWith('ustar\0');
  const gnu = magic === 'ustar  \0';
  const name = text(block, 0, 100);
  const flag = String.fromCharCode(block[156]!);
  const base = {
    mode: number(block, 100, 8, 'mode'),
    uid: number(block, 108, 8, 'uid'),
    gid: number(block, 116, 8, 'gid'),
    size: number(block, 124, 12, 'size'),
    mtime: number(block, 136, 12, 'mtime'),
    flag,
    linkName: text(block, 157, 100),
  };
  if (base.size < 0) throw badTar(`'${readable(name)}' has a negative size`);
  if (!posix && !gnu) return { ...base, name, userName: '', groupName: '', major: 0, minor: 0 };
  return {
    ...base,
    name: posix ? withPrefix(block, name) : name,
    userName: text(block, 265, 32),
    groupName: text(block, 297, 32),
    major: number(block, 329, 8, 'devmajor'),
    minor: number(block, 337, 8, 'devminor'),
  };
}

/** star's own format keeps times where POSIX has the end of the prefix. */
function withPrefix(block: Buffer, name: ByteText): ByteText {
  const star = block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = text(block, 345, star ? 131 : 155);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Bytes up to the first NUL. */
export function text(block: Buffer, start: number, length: number): ByteText {
  if (block[start] === 0) return '';
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return block.toString('latin1', start, end);
}

/** An octal number, or GNU's base-256 where the first bit is set. */
export function number(block: Buffer, start: number, length: number, field: string): number {
  if ((block[start]! & 0x80) !== 0) return base256(block, start, length, field);
  const value = octal(block, start, length);
  if (Number.isNaN(value)) throw badTar(`the ${field} field of a header is not octal`);
  return value;
}

/** Octal digits between spaces or NULs; 0 when there are none, NaN when there is something else. */
function octal(block: Buffer, start: number, length: number): number {
  const end = start + length;
  let at = start;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end && block[at] !== 0x20 && block[at] !== 0; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 7) return Number.NaN;
    value = value * 8 + digit;
  }
  return value;
}

function base256(block: Buffer, start: number, length: number, field: string): number {
  let value = BigInt(block[start]! & 0x7f);
  for (let at = start + 1; at < start + length; at++) value = (value << 8n) | BigInt(block[at]!);
  const signed = BigInt.asIntN(length * 8 - 1, value);
  const result = Number(signed);
  if (!Number.isSafeInteger(result)) throw badTar(`the ${field} field of a header is out of range`);
  return result;
}

const checksumAt = 148;

/** Historic tars summed signed characters: both sums are taken. */
function checksumHolds(block: Buffer): boolean {
  const stored = octal(block, checksumAt, 8);
  const sum = checksum(block);
  if (stored === sum) return true;
  let high = 0;
  for (let at = 0; at < blockSize; at++) if (block[at]! > 127 && (at < checksumAt || at >= checksumAt + 8)) high++;
  return stored === sum - 256 * high;
}

/** The sum of a header's bytes, its checksum field read as spaces. */
export function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockSize; at++) sum += block[at]!;
  for (let at = checksumAt; at < checksumAt + 8; at++) sum -= block[at]!;
  return sum;
}

export function isZero(block: Uint8Array): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== 0) return false;
  return true;
}
