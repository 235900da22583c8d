import { capabilitiesOf, capabilityNames } from '../compile/capability.ts';
import { rlimitNumbers } from '../compile/rlimit.ts';

/** A text, list or binary field of a record. */
export type Field = string | Uint8Array;

/** The items of a list field. */
export function items(field: Field): string[] {
  return text(field).split('\0').slice(0, -1);
}

/** A text field as a string. */
export function text(field: Field): string {
  return typeof field === 'string' ? field : Buffer.from(field).toString();
}

export function capabilities(mask: number | bigint): string {
  const names = capabilitiesOf(BigInt(mask));
  if (names.length === 0) return 'none';
  return names.length === capabilityNames.length ? 'all' : names.join(' ');
}

export function groupList(gids: Field): number[] {
  const bytes = typeof gids === 'string' ? Buffer.from(gids, 'latin1') : gids;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getUint32(4 * index, true));
}

export function limitName(resource: number | bigint): string {
  const name = Object.keys(rlimitNumbers).find((key) => rlimitNumbers[key] === Number(resource));
  return name ?? `limit ${resource}`;
}

export function limit(value: number | bigint): string {
  return BigInt.asUintN(64, BigInt(value)) === 0xffff_ffff_ffff_ffffn ? 'unlimited' : String(value);
}

export function deviceType(mode: number | bigint): string {
  const letters: Readonly<Record<number, string>> = { 0o1: 'p', 0o2: 'c', 0o6: 'b' };
  return letters[Number(mode) >> 12] ?? '?';
}

export function octal(value: number | bigint): string {
  return BigInt(value) === 0n ? '0' : `0${value.toString(8)}`;
}

export function owner(uid: number | bigint, gid: number | bigint): string {
  return `${uid}:${gid}`;
}

export function quoted(field: Field): string {
  return JSON.stringify(text(field));
}

export function shellWord(word: string): string {
  return /^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word);
}

export function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
