import { setImmediate as others } from 'node:timers/promises';
import { tarEnd, tarHeader, type TarMember, tarPadding } from '@berth/image/tar/writer';
import type { TreeEntry } from '#store/snapshot';

/** Pieces of about this size are handed on, and then others have their turn. */
const pieceSize = 512 << 10;

/** A tar of a tree. Sockets are left out: no archive has a word for them. */
export async function* treeArchive(tree: Iterable<TreeEntry>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let size = 0;
  for (const bytes of archiveParts(tree)) {
    parts.push(bytes);
    size += bytes.length;
    if (size < pieceSize) continue;
    yield Buffer.concat(parts);
    [parts, size] = [[], 0];
    await others();
    signal.throwIfAborted();
  }
  yield Buffer.concat(parts);
}

function* archiveParts(tree: Iterable<TreeEntry>): Generator<Uint8Array> {
  /** Where a file with several names was first. */
  const names = new Map<string, string>();
  for (const entry of tree) {
    const member = memberOf(entry, names);
    if (member === undefined) continue;
    yield tarHeader(member);
    if (member.size !== undefined) yield* content(entry, member.size);
  }
  yield tarEnd;
}

/** Exactly as many bytes as its header says, whatever a running container does to the file meanwhile. */
function* content(entry: TreeEntry, size: number): Generator<Uint8Array> {
  let missing = size;
  for (const bytes of entry.read()) {
    // A copy: parts are gathered, and the piece is used again.
    yield Uint8Array.prototype.slice.call(bytes, 0, missing);
    missing -= Math.min(bytes.length, missing);
    if (missing === 0) break;
  }
  for (; missing > 0; missing -= Math.min(missing, pieceSize)) yield Buffer.alloc(Math.min(missing, pieceSize));
  yield tarPadding(size);
}

function memberOf(entry: TreeEntry, names: Map<string, string>): TarMember | undefined {
  const { path, stat } = entry;
  const nanoseconds = Number(((stat.mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  const common = {
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: { seconds: Number((stat.mtimeNs - BigInt(nanoseconds)) / 1_000_000_000n), nanoseconds },
  };
  if (stat.isDirectory()) return { ...common, name: `${path}/`, flag: '5', xattrs: entry.xattrs() };
  const other = stat.nlink > 1n ? firstName(entry, names) : undefined;
  if (other !== undefined) return { ...common, name: path, flag: '1', linkName: other };
  if (stat.isSymbolicLink()) return { ...common, name: path, flag: '2', linkName: entry.linkTarget() };
  const full = { ...common, name: path, xattrs: entry.xattrs() };
  if (stat.isFile()) return { ...full, size: Number(stat.size) };
  if (stat.isFIFO()) return { ...full, flag: '6' };
  if (stat.isCharacterDevice()) return { ...full, flag: '3', ...deviceNumber(stat.rdev) };
  if (stat.isBlockDevice()) return { ...full, flag: '4', ...deviceNumber(stat.rdev) };
  return undefined;
}

/** The name that the same file has in the archive already; otherwise notes this one. */
function firstName({ path, stat }: TreeEntry, names: Map<string, string>): string | undefined {
  const key = `${stat.dev}:${stat.ino}`;
  const known = names.get(key);
  if (known === undefined) names.set(key, path);
  return known;
}

/** makedev(3), glibc's layout. */
function deviceNumber(rdev: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}
