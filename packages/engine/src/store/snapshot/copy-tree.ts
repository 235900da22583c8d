import { constants, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import * as file from '@berth/addon/file';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_PATH, S_IFMT } from '@berth/addon/flag';
import { getXattr, listXattrs, setXattr } from '@berth/addon/xattr';

type Path = Buffer;

/**
 * Copies what is in a folder into another one, which is there: kinds, owners, modes, times, extended attributes
 * and hard links. Nothing else may write to either tree meanwhile.
 */
export async function copyTree(from: string, to: string): Promise<void> {
  const links = new Map<number, Path>();
  const folders: Pair[] = [{ from: Buffer.from(from), to: Buffer.from(to) }];
  // A folder's times change as it fills, so all folders are finished at the end, the deepest first.
  for (let n = 0; n < folders.length; n++) {
    const pair = folders[n]!;
    for (const name of readdirSync(pair.from, 'buffer')) {
      const entry = { from: join(pair.from, name), to: join(pair.to, name) };
      const isFolder = await copyEntry(entry, links);
      if (isFolder) folders.push(entry);
    }
  }
  for (const pair of folders.toReversed()) copyAttributes(pair);
}

interface Pair {
  readonly from: Path;
  readonly to: Path;
}

/** True for a folder: what is in it is still to be copied. */
async function copyEntry({ from, to }: Pair, links: Map<number, Path>): Promise<boolean> {
  const stat = lstatSync(from);
  const known = stat.nlink > 1 && !stat.isDirectory() ? links.get(stat.ino) : undefined;
  if (known !== undefined) {
    file.linkat({ dirfd: AT_FDCWD, name: known }, AT_FDCWD, to);
    return false;
  }
  if (stat.isDirectory()) {
    file.mkdirat(AT_FDCWD, to, 0o700);
    return true;
  }
  if (stat.nlink > 1) links.set(stat.ino, to);
  if (stat.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE);
  else if (stat.isSymbolicLink()) file.symlinkat(readlinkSync(from, 'buffer'), AT_FDCWD, to);
  else file.mknodat(AT_FDCWD, to, stat.mode & (S_IFMT | 0o777), deviceOf(stat.rdev));
  copyAttributes({ from, to });
  return false;
}

/** Owner first: it takes set-user-ID bits and capabilities away. Times last. */
function copyAttributes({ from, to }: Pair): void {
  const stat = lstatSync(from, { bigint: true });
  file.fchownat(AT_FDCWD, to, { uid: Number(stat.uid), gid: Number(stat.gid) }, AT_SYMLINK_NOFOLLOW);
  if (!stat.isSymbolicLink()) file.fchmodat(AT_FDCWD, to, Number(stat.mode & 0o7777n), 0);
  copyXattrs({ from, to });
  const times = { atime: timestamp(stat.atimeNs), mtime: timestamp(stat.mtimeNs) };
  file.utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW);
}

function copyXattrs({ from, to }: Pair): void {
  const source = openPlace(from);
  const target = openPlace(to);
  try {
    for (const key of listXattrs(source)) setXattr(target, key, getXattr(source, key) ?? Buffer.alloc(0));
  } finally {
    file.close(source.dirfd);
    file.close(target.dirfd);
  }
}

/** The addon reaches names through an open folder. */
function openPlace(path: Path): { readonly dirfd: number; readonly name: Path } {
  const cut = path.lastIndexOf(0x2f);
  const dirfd = file.openat2(AT_FDCWD, path.subarray(0, cut), { flags: O_PATH | constants.O_DIRECTORY });
  return { dirfd, name: path.subarray(cut + 1) };
}

function join(folder: Path, name: Path): Path {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function timestamp(nanoseconds: bigint): file.Timestamp {
  const billion = 1_000_000_000n;
  const rest = ((nanoseconds % billion) + billion) % billion;
  return { seconds: Number((nanoseconds - rest) / billion), nanoseconds: Number(rest) };
}

/** makedev(3), backwards. */
function deviceOf(rdev: number): { readonly major: number; readonly minor: number } {
  const bits = BigInt(rdev);
  const major = Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n));
  return { major, minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)) };
}
