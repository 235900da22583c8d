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
  const posix = block.toString('latin1', magicAt, magicAt + 6) === 'ustar\0';
  const gnu = block.toString('latin1', magicAt, magicAt + 8) === 'ustar  \0';
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
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return block.toString('latin1', start, end);
}

/** An octal number, or GNU's base-256 where the first bit is set. */
export function number(block: Buffer, start: number, length: number, field: string): number {
  if ((block[start]! & 0x80) !== 0) return base256(block, start, length, field);
  const digits = block.toString('latin1', start, start + length).replace(/^[ \0]+/, '').replace(/[ \0][^]*$/, '');
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw badTar(`the ${field} field of a header is not octal`);
  return Number.parseInt(digits, 8);
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
  const stored = block.toString('latin1', checksumAt, checksumAt + 8).replace(/^[ \0]+/, '').replace(/[ \0][^]*$/, '');
  if (!/^[0-7]+$/.test(stored)) return false;
  const { unsigned, signed } = checksums(block);
  const wanted = Number.parseInt(stored, 8);
  return wanted === unsigned || wanted === signed;
}

/** The sum of a header's bytes with its checksum field read as spaces. */
export function checksums(block: Uint8Array): { unsigned: number; signed: number } {
  let unsigned = 0;
  let high = 0;
  for (let at = 0; at < blockSize; at++) {
    const byte = at >= checksumAt && at < checksumAt + 8 ? 0x20 : block[at]!;
    unsigned += byte;
    if (byte > 127) high++;
  }
  return { unsigned, signed: unsigned - 256 * high };
}

export function isZero(block: Uint8Array): boolean {
  for (let at = 0; at < block.length; at++) if (block[at] !== 0) return false;
  return true;
}
