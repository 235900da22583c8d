import { CLONE, MOUNT_ATTR, MS } from '../compile/kernel-flags.ts';

/** The names of the bits that are set, `|` between them; bits without a name in hex. */
export function flagNames(value: number | bigint, table: Readonly<Record<string, number>>): string {
  let rest = BigInt(value);
  const names: string[] = [];
  for (const [name, bits] of Object.entries(table)) {
    const mask = BigInt(bits);
    // A field of more bits (_ATIME) is named by its parts unless it is there whole.
    if (mask !== 0n && (rest & mask) === mask) {
      names.push(name);
      rest &= ~mask;
    }
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.join('|') || '0';
}

/** MOUNT_ATTR_ without its prefix in small letters, as mount(8) says it: `nosuid,nodev`. */
export function attributeNames(value: number | bigint): string {
  const { MOUNT_ATTR__ATIME: atime, ...single } = MOUNT_ATTR;
  const all = (BigInt(value) & BigInt(atime)) === BigInt(atime) ? { atime, ...single } : single;
  return flagNames(value, all)
    .replaceAll('MOUNT_ATTR_', '')
    .toLowerCase()
    .replace(/\brdonly\b/, 'ro')
    .replaceAll('|', ',');
}

export function cloneNames(value: number | bigint): string {
  return flagNames(value, CLONE);
}

export function mountNames(value: number | bigint): string {
  return flagNames(value, MS);
}

/** `rprivate`, `shared` and so on. */
export function propagationName(value: number | bigint): string {
  const recursive = (BigInt(value) & BigInt(MS.MS_REC)) !== 0n ? 'r' : '';
  const kind = flagNames(BigInt(value) & ~BigInt(MS.MS_REC), MS);
  return recursive + kind.replace('MS_', '').toLowerCase();
}
