import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listXattrs, getXattr } from '@berth/addon/xattr';

/** Everything that can be seen of a file, as text that compares well. */
export type TreeLines = Readonly<Record<string, string>>;

export interface TreeOptions {
  /** Folder times are left out where other files were made later. */
  readonly times?: boolean;
}

/** One line for every file of a tree. Names and links are bytes, one character each. */
export function treeLines(root: string, options: TreeOptions = {}): TreeLines {
  const lines: Record<string, string> = {};
  const inodes = new Map<bigint, string>();
  visit(Buffer.from(root), '.');
  return lines;

  function visit(path: Buffer, shown: string): void {
    const found = lstatSync(path, { bigint: true });
    const first = inodes.get(found.ino);
    inodes.set(found.ino, first ?? shown);
    const parts = [
      found.mode.toString(8),
      `${found.uid}:${found.gid}`,
      found.isDirectory() ? '' : `${found.size} links=${found.nlink}`,
      options.times === false ? '' : String(found.mtimeNs),
      found.isCharacterDevice() || found.isBlockDevice() ? `dev=${found.rdev}` : '',
      first !== undefined && first !== shown ? `same as ${first}` : '',
      found.isSymbolicLink() ? `-> ${readlinkSync(path, 'latin1')}` : '',
      found.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16) : '',
      xattrs(path),
    ];
    lines[shown] = parts.filter((part) => part !== '').join(' ');
    if (!found.isDirectory()) return;
    for (const name of readdirSync(path, { encoding: 'buffer' })) {
      visit(Buffer.concat([path, Buffer.from('/'), name]), `${shown}/${name.toString('latin1')}`);
    }
  }
}

function xattrs(path: Buffer): string {
  const slash = path.lastIndexOf(0x2f);
  const fd = openSync(path.subarray(0, slash), 'r');
  try {
    const place = { dirfd: fd, name: path.subarray(slash + 1) };
    return listXattrs(place)
      .map((key) => `${key}=${getXattr(place, key)?.toString('hex')}`)
      .sort()
      .join(' ');
  } finally {
    closeSync(fd);
  }
}
