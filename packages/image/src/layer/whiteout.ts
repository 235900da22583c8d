import { constants, lstatSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { AT_SYMLINK_NOFOLLOW, O_PATH, S_IFCHR } from '@berth/addon/flag';
import { setXattr } from '@berth/addon/xattr';
import { BerthError, errnoName } from '@berth/model/error';
import { type ByteText, kernelName, readable, type TarEntry } from '../tar/entry.ts';
import type { EntryPath } from './entry-path.ts';
import type { FolderTree } from './folder-tree.ts';
import { emptyFolder, openPlain, type Place, removeTree } from './remove-tree.ts';

const prefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** AUFS kept its own records under such names at the top of a layer; docker leaves them out. */
const aufsPrefix = '.wh..wh.';

/** What an entry's name means (image-spec, layer.md, "Whiteouts"). */
export type Meaning =
  | { readonly kind: 'entry' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'whiteout'; readonly hidden: ByteText };

const entry: Meaning = { kind: 'entry' };

/** @throws invalid_argument (`bad_whiteout`) for a whiteout of nothing, of `.` or of `..` */
export function meaningOf({ path, base }: EntryPath): Meaning {
  if (!base.startsWith(prefix)) return path.startsWith(aufsPrefix) ? { kind: 'ignored' } : entry;
  if (base === opaqueName) return { kind: 'opaque' };
  if (path.startsWith(aufsPrefix)) return { kind: 'ignored' };
  const hidden = base.slice(prefix.length);
  if (hidden === '' || hidden === '.' || hidden === '..') {
    throw new BerthError('invalid_argument', `layer entry '${readable(path)}' is a whiteout of no file`, {
      code: 'bad_whiteout',
    });
  }
  return { kind: 'whiteout', hidden };
}

/** How deletions are carried out; both keep what this layer itself has put there. */
export interface Whiteouts {
  hide(place: Place, path: ByteText, entry: TarEntry): void;
  makeOpaque(folder: number, path: ByteText): void;
  /** A new folder takes a name at which a whiteout may have been; `before` removes what is there. */
  replaceByFolder(place: Place, before: () => void): void;
  /** An entry of this layer was written. */
  written(path: ByteText): void;
}

const yes = Buffer.from('y');

function markOpaque(place: Place): void {
  setXattr(place, 'trusted.overlay.opaque', yes);
}

/** The kernel's overlayfs marks (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"). */
export const overlayWhiteouts: Whiteouts = {
  hide(place, _path, { uid, gid }) {
    try {
      file.mknodat(place.dirfd, place.name, S_IFCHR);
      file.fchownat(place.dirfd, place.name, { uid, gid }, AT_SYMLINK_NOFOLLOW);
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
      // The layer has an entry of this name: only what lies below must not shine through it.
      if (isFolder(place)) markOpaque(place);
    }
  },
  makeOpaque(folder) {
    markOpaque({ dirfd: folder, name: '.' });
  },
  replaceByFolder(place, before) {
    const hidden = isWhiteout(place);
    before();
    file.mkdirat(place.dirfd, place.name, 0o700);
    if (hidden) markOpaque(place);
  },
  written() {},
};

/** For a plain tree that holds the lower layers: what is hidden is removed. */
export class RemovingWhiteouts implements Whiteouts {
  readonly #tree: FolderTree;
  readonly #written = new Set<ByteText>();

  constructor(tree: FolderTree) {
    this.#tree = tree;
  }

  hide(place: Place, path: ByteText): void {
    if (this.#written.has(path)) return;
    removeTree(place);
    this.#tree.forget();
  }

  makeOpaque(folder: number, path: ByteText): void {
    this.#clear({ dirfd: folder, name: '.' }, path);
    this.#tree.forget();
  }

  replaceByFolder(place: Place, before: () => void): void {
    before();
    file.mkdirat(place.dirfd, place.name, 0o700);
  }

  written(path: ByteText): void {
    for (let part = path; part !== '' && !this.#written.has(part);) {
      this.#written.add(part);
      part = part.slice(0, Math.max(0, part.lastIndexOf('/')));
    }
  }

  #clear(place: Place, path: ByteText): void {
    const keptFolders: ByteText[] = [];
    emptyFolder(place, (name) => {
      const inside = path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`;
      if (this.#written.has(inside)) keptFolders.push(inside);
      return !this.#written.has(inside);
    });
    if (keptFolders.length === 0) return;
    const fd = openPlain(place);
    try {
      for (const inside of keptFolders) {
        const child = { dirfd: fd, name: kernelName(inside.slice(inside.lastIndexOf('/') + 1)) };
        if (isFolder(child)) this.#clear(child, inside);
      }
    } finally {
      file.close(fd);
    }
  }
}

function isFolder(place: Place): boolean {
  const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  try {
    file.close(file.openat2(place.dirfd, place.name, { flags }));
    return true;
  } catch (error) {
    if (errnoName(error) === 'ENOTDIR' || errnoName(error) === 'ELOOP') return false;
    throw error;
  }
}

function isWhiteout({ dirfd, name }: Place): boolean {
  const folder = Buffer.from(`/proc/self/fd/${dirfd}/`);
  const found = lstatSync(Buffer.concat([folder, Buffer.from(name as string)]));
  return found.isCharacterDevice() && found.rdev === 0;
}
