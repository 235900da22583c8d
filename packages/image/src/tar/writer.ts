import type { ByteText, TarTime } from './entry.ts';
import { blockSize, checksum } from './header.ts';

/** One member to be written. Text is byte text: see `ByteText`. */
export interface TarMember {
  readonly name: ByteText;
  /** The ustar type flag; `0`, a regular file, when absent. */
  readonly flag?: string;
  readonly linkName?: ByteText;
  /** 0644, or 0755 for folders, when absent. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly userName?: ByteText;
  readonly groupName?: ByteText;
  /** Bytes of content that follow the header. */
  readonly size?: number;
  readonly mtime?: TarTime;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

const epoch: TarTime = { seconds: 0, nanoseconds: 0 };
const largestOctal12 = 0o77777777777;
const largestOctal8 = 0o7777777;

/**
 * The blocks before a member's content: a ustar header (POSIX.1-2017 pax(1)), and before it a PAX header
 * for what ustar cannot say. Equal members give equal bytes.
 */
export function tarHeader(member: TarMember): Buffer {
  const records = paxRecords(member);
  const header = ustar(member);
  if (records.length === 0) return header;
  const body = Buffer.concat(records);
  const pax = ustar({ name: 'PaxHeaders/entry', flag: 'x', size: body.length });
  return Buffer.concat([pax, body, tarPadding(body.length), header]);
}

/** Zeros from the end of a content of `size` bytes to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** What ends an archive. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * blockSize);

/** A whole small archive in memory. */
export function tarArchive(members: Iterable<TarMember & { readonly content?: Uint8Array | string }>): Buffer {
  const parts: Uint8Array[] = [];
  for (const { content, ...member } of members) {
    const bytes = Buffer.from(content ?? '');
    parts.push(tarHeader({ ...member, size: bytes.length }), bytes, tarPadding(bytes.length));
  }
  return Buffer.concat([...parts, tarEnd]);
}

function ustar(member: TarMember): Buffer {
  const block = Buffer.alloc(blockSize);
  const flag = member.flag ?? '0';
  const mtime = member.mtime ?? epoch;
  block.write(member.name.slice(0, 100), 0, 'latin1');
  octal(block, 100, 8, member.mode ?? (flag === '5' ? 0o755 : 0o644));
  octal(block, 108, 8, member.uid ?? 0);
  octal(block, 116, 8, member.gid ?? 0);
  octal(block, 124, 12, member.size ?? 0);
  octal(block, 136, 12, Math.max(0, mtime.seconds));
  block.write(flag, 156, 'latin1');
  block.write((member.linkName ?? '').slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.write((member.userName ?? '').slice(0, 31), 265, 'latin1');
  block.write((member.groupName ?? '').slice(0, 31), 297, 'latin1');
  octal(block, 329, 8, member.major ?? 0);
  octal(block, 337, 8, member.minor ?? 0);
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** What does not fit is left 0 here and said in a PAX record. */
function octal(block: Buffer, start: number, length: number, value: number): void {
  const largest = length === 12 ? largestOctal12 : largestOctal8;
  const text = (value > largest ? 0 : value).toString(8).padStart(length - 1, '0');
  block.write(`${text}\0`, start, 'latin1');
}

function paxRecords(member: TarMember): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Uint8Array) => void records.push(paxRecord(key, value));
  const { name, linkName = '', uid = 0, gid = 0, size = 0, mtime = epoch } = member;
  if (needsPax(name)) add('path', Buffer.from(name, 'latin1'));
  if (needsPax(linkName)) add('linkpath', Buffer.from(linkName, 'latin1'));
  if (uid > largestOctal8) add('uid', String(uid));
  if (gid > largestOctal8) add('gid', String(gid));
  if (size > largestOctal12) add('size', String(size));
  if (mtime.nanoseconds !== 0 || mtime.seconds < 0 || mtime.seconds > largestOctal12) add('mtime', decimal(mtime));
  for (const [key, value] of member.xattrs ?? []) add(`SCHILY.xattr.${key}`, value);
  return records;
}

/** PAX says that text is UTF-8; bytes that are not go through as they are, as in GNU tar. */
function needsPax(text: ByteText): boolean {
  return text.length > 100 || /[^\x01-\x7f]/.test(text);
}

function decimal({ seconds, nanoseconds }: TarTime): string {
  const negative = seconds < 0 && nanoseconds !== 0;
  const whole = negative ? seconds + 1 : seconds;
  const fraction = negative ? 1e9 - nanoseconds : nanoseconds;
  const digits = String(fraction).padStart(9, '0').replace(/0+$/, '');
  return `${negative && whole === 0 ? '-0' : whole}${digits === '' ? '' : `.${digits}`}`;
}

/** The length counts its own digits. */
function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
