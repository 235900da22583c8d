import { type BigIntStats, closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { AT_FDCWD, O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '@berth/addon/flag';
import { getXattr, type InFolder, listXattrs } from '@berth/addon/xattr';
import { errnoName } from '@berth/model/error';
import type { TreeEntry } from '#store/snapshot';

const look = { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

/**
 * All that overlayfs would show of a stack of layers (their folders, top first), without a mount: folders before what is
 * in them, names in the order of their bytes. What a container changes meanwhile is seen or not.
 */
export function* walkLayers(layers: readonly string[]): Generator<TreeEntry> {
  const open: number[] = [];
  try {
    const how = { flags: O_PATH | constants.O_DIRECTORY };
    for (const layer of layers) open.push(file.openat2(AT_FDCWD, layer, how));
    yield* walkFolder('', open);
  } finally {
    open.forEach(file.close);
  }
}

/** `folders` are the same folder in the layers that show in it, top first. */
function* walkFolder(prefix: string, folders: readonly number[]): Generator<TreeEntry> {
  for (const name of namesIn(folders)) {
    const found = lookUp(folders, Buffer.from(name, 'latin1'));
    if (found === undefined) continue;
    try {
      const path = `${prefix}${name}`;
      yield treeEntry(path, found);
      if (found.stat.isDirectory()) yield* walkFolder(`${path}/`, found.merged);
    } finally {
      found.merged.forEach(file.close);
    }
  }
}

function treeEntry(path: string, { name, stat, folder, merged }: Found): TreeEntry {
  const fd = merged[0]!;
  return {
    path,
    stat,
    linkTarget: () => file.readlinkat(fd, '').toString('latin1'),
    xattrs: () => ownXattrs({ dirfd: folder, name }),
    read: () => contentOf(fd),
  };
}

/** What overlayfs notes in layers, and what belongs to this machine's policy rather than to the file. */
const notOwn = /^(?:trusted\.overlay\.|user\.overlay\.|security\.selinux$)/;

function ownXattrs(place: InFolder): ReadonlyMap<string, Uint8Array> {
  const keys = keysOf(place).filter((key) => !notOwn.test(key));
  const pairs = keys.map((key) => [key, getXattr(place, key)] as const);
  return new Map(pairs.filter((pair): pair is [string, Buffer] => pair[1] !== undefined));
}

function keysOf(place: InFolder): readonly string[] {
  try {
    return listXattrs(place);
  } catch (error) {
    // Gone by now, or on a file system without them.
    if (['ENOENT', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoName(error) ?? '')) return [];
    throw error;
  }
}

const pieceSize = 512 << 10;

/** Opens what an `O_PATH` descriptor stands for, whatever its name leads to by now. */
function* contentOf(place: number): Generator<Uint8Array> {
  const fd = openSync(`/proc/self/fd/${place}`, 'r');
  try {
    const piece = Buffer.allocUnsafe(pieceSize);
    for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) yield piece.subarray(0, count);
  } finally {
    closeSync(fd);
  }
}

/** In bytes, a character each. */
function namesIn(folders: readonly number[]): readonly string[] {
  const names = new Set<string>();
  for (const folder of folders) {
    for (const name of readdirSync(`/proc/self/fd/${folder}`, 'buffer')) names.add(name.toString('latin1'));
  }
  return [...names].sort();
}

interface Found {
  readonly name: Buffer;
  /** Descriptors, which the caller closes: the thing itself, of a folder one for each layer that shows in it. */
  readonly merged: readonly number[];
  readonly stat: BigIntStats;
  /** Descriptor of the folder that it is in. */
  readonly folder: number;
}

/** kernel.org/doc/html/latest/filesystems/overlayfs.html: the topmost hides what is below, folders merge. */
function lookUp(folders: readonly number[], name: Buffer): Found | undefined {
  const merged: number[] = [];
  let first: Omit<Found, 'merged'> | undefined;
  for (const folder of folders) {
    const fd = openName(folder, name);
    if (fd === undefined) continue;
    const stat = fstatSync(fd, { bigint: true });
    const isFolder = stat.isDirectory();
    if (first !== undefined && !isFolder) {
      file.close(fd);
      break;
    }
    first ??= { name, stat, folder };
    merged.push(fd);
    if (!isFolder || isOpaque(fd)) break;
  }
  if (first === undefined) return undefined;
  if (!first.stat.isCharacterDevice() || first.stat.rdev !== 0n) return { ...first, merged };
  // A whiteout.
  merged.forEach(file.close);
  return undefined;
}

/** Undefined also for what turns into something else at this moment. */
function openName(folder: number, name: Buffer): number | undefined {
  try {
    return file.openIfThere(folder, name, look);
  } catch (error) {
    if (['ENOTDIR', 'ELOOP'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}

function isOpaque(fd: number): boolean {
  return getXattr({ dirfd: fd, name: '.' }, 'trusted.overlay.opaque')?.toString() === 'y';
}
