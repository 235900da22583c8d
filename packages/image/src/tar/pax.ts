import { badTar, type ByteText, readable, type TarTime } from './entry.ts';

/** Records of a PAX extended header by key; an empty value takes the ustar field's place away. */
export type PaxRecords = Map<string, ByteText>;

const sparsePair = /^GNU\.sparse\.(?:offset|numbytes)$/;
const mapKey = 'GNU.sparse.map';

/**
 * Reads `LENGTH KEY=VALUE\n` records (POSIX.1-2017 pax(1), "pax Extended Header"). GNU's sparse format 0.0
 * repeats two keys; they are gathered as the map of format 0.1.
 */
export function parsePax(body: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  const sparse: string[] = [];
  for (let at = 0; at < body.length;) {
    const { key, value, next } = record(body, at);
    if (sparsePair.test(key)) sparse.push(value);
    else records.set(key, value);
    at = next;
  }
  if (sparse.length > 0) records.set(mapKey, sparse.join(','));
  return records;
}

function record(body: Buffer, at: number): { key: string; value: ByteText; next: number } {
  let length = 0;
  let space = at;
  for (; body[space] !== 0x20; space++) {
    const digit = (body[space] ?? 0) - 0x30;
    if (digit < 0 || digit > 9 || space - at > 8) throw badTar('a PAX record has a wrong length');
    length = length * 10 + digit;
  }
  const next = at + length;
  if (next > body.length || next <= space + 2 || body[next - 1] !== 0x0a)
    throw badTar('a PAX record has a wrong length');
  const equals = body.indexOf(0x3d, space);
  if (equals <= space + 1 || equals >= next) throw badTar('a PAX record has no key');
  const key = body.toString('latin1', space + 1, equals);
  const value = body.toString('latin1', equals + 1, next - 1);
  if (key.includes('\0') || (textKeys.has(key) && value.includes('\0'))) {
    throw badTar(`PAX record '${readable(key)}' has a NUL byte`);
  }
  return { key, value, next };
}

const textKeys = new Set(['path', 'linkpath', 'uname', 'gname', 'GNU.sparse.name']);

/** Keys whose value in a global header holds for all that follow; others would let memory grow. */
const globalKeys = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'uname', 'gname', 'mtime', 'atime']);

/** Takes a global header's records over into those in force. */
export function mergeGlobal(inForce: PaxRecords, records: PaxRecords): void {
  for (const [key, value] of records) if (globalKeys.has(key)) inForce.set(key, value);
}

export function paxInteger(records: PaxRecords, key: string): number | undefined {
  const value = records.get(key);
  if (value === undefined || value === '') return undefined;
  const result = Number(value);
  if (!/^-?[0-9]+$/.test(value) || !Number.isSafeInteger(result)) {
    throw badTar(`PAX record '${key}' is not a number: '${readable(value)}'`);
  }
  return result;
}

/** Decimal seconds with any number of fraction digits; those beyond nanoseconds are cut off. */
export function paxTime(records: PaxRecords, key: string): TarTime | undefined {
  const value = records.get(key);
  if (value === undefined || value === '') return undefined;
  const [, sign, whole, fraction = ''] = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value) ?? [];
  if (whole === undefined) throw badTar(`PAX record '${key}' is not a time: '${readable(value)}'`);
  const seconds = Number(whole);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

const schily = 'SCHILY.xattr.';
const libarchive = 'LIBARCHIVE.xattr.';
const none: ReadonlyMap<string, Uint8Array> = new Map();

/**
 * Extended attributes: star's records hold the bytes, libarchive's a percent-encoded key and base64.
 * bsdtar writes both; star's are exact and win.
 */
export function paxXattrs(records: PaxRecords): ReadonlyMap<string, Uint8Array> {
  let found: Map<string, Uint8Array> | undefined;
  for (const [key, value] of records) {
    if (key.startsWith(libarchive)) {
      const name = percentDecoded(key.slice(libarchive.length));
      if (!records.has(schily + name)) (found ??= new Map()).set(name, Buffer.from(value, 'base64'));
    } else if (key.startsWith(schily)) {
      (found ??= new Map()).set(key.slice(schily.length), Buffer.from(value, 'latin1'));
    }
  }
  return found ?? none;
}

function percentDecoded(key: string): string {
  return key.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
