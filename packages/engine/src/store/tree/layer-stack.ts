import { constants, fstatSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { AT_FDCWD, O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '@berth/addon/flag';
import { getXattr } from '@berth/addon/xattr';
import { BerthError, errnoName } from '@berth/model/error';

/** As many symbolic links in one path as the kernel follows, path_resolution(7). */
const maxLinks = 40;

const look = { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };

/**
 * A name in a layer as an `O_PATH` descriptor, of a link the link itself; undefined when it is not there, as also
 * for names that cannot be, and for folders that turn into something else at this moment.
 */
export function lookInLayer(layer: number, path: string): number | undefined {
  try {
    return file.openIfThere(layer, path, look);
  } catch (error) {
    if (['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}

/** Where a path ends: in this layer, at this path, which has no links in it. */
export interface Found {
  /** The layer's descriptor. */
  readonly layer: number;
  readonly path: string;
}

/** A folder as overlayfs merges it: its path, the same in all layers, and the layers that show in it, top first. */
interface MergedFolder {
  readonly path: string;
  readonly layers: readonly number[];
}

type Entry =
  | { readonly type: 'folder'; readonly folder: MergedFolder }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'other'; readonly found: Found };

/** Layers opened as descriptors, top first, which it owns. Names are resolved through them as overlayfs does. */
export class LayerStack implements Disposable {
  readonly #layers: readonly number[];

  private constructor(layers: readonly number[]) {
    this.#layers = layers;
  }

  static open(folders: readonly string[]): LayerStack {
    const layers: number[] = [];
    try {
      const how = { flags: O_PATH | constants.O_DIRECTORY };
      for (const folder of folders) layers.push(file.openat2(AT_FDCWD, folder, how));
    } catch (error) {
      for (const layer of layers) file.close(layer);
      throw error;
    }
    return new LayerStack(layers);
  }

  /** What is not a folder at the end of the path. @throws failed_precondition (`too_many_links`) */
  resolve(path: string): Found | undefined {
    const trail: MergedFolder[] = [{ path: '', layers: this.#layers }];
    const names = split(path);
    for (let links = 0; names.length > 0;) {
      const name = names.shift()!;
      if (name === '..') {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const entry = lookUp(trail.at(-1)!, name);
      if (entry === undefined) return undefined;
      if (entry.type === 'other') return names.length === 0 ? entry.found : undefined;
      if (entry.type === 'folder') {
        trail.push(entry.folder);
        continue;
      }
      if (++links > maxLinks) throw tooManyLinks(path);
      if (entry.target.startsWith('/')) trail.splice(1);
      names.unshift(...split(entry.target));
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) file.close(layer);
  }
}

/** The topmost entry of the name; a folder goes on through lower folders until something hides them. */
function lookUp(folder: MergedFolder, name: string): Entry | undefined {
  const path = folder.path === '' ? name : `${folder.path}/${name}`;
  const merged: number[] = [];
  for (const layer of folder.layers) {
    const fd = lookInLayer(layer, path);
    if (fd === undefined) continue;
    try {
      const stat = fstatSync(fd);
      if (stat.isDirectory()) {
        merged.push(layer);
        if (isOpaque(fd)) break;
        continue;
      }
      // Below a folder only folders merge; a whiteout hides like any file, and is none.
      if (merged.length > 0) break;
      if (stat.isCharacterDevice() && stat.rdev === 0) return undefined;
      if (stat.isSymbolicLink()) return { type: 'link', target: file.readlinkat(fd, '').toString() };
      return { type: 'other', found: { layer, path } };
    } finally {
      file.close(fd);
    }
  }
  return merged.length === 0 ? undefined : { type: 'folder', folder: { path, layers: merged } };
}

/** kernel.org/doc/html/latest/filesystems/overlayfs.html, "Whiteouts and opaque directories". */
function isOpaque(fd: number): boolean {
  return getXattr({ dirfd: fd, name: '.' }, 'trusted.overlay.opaque')?.toString() === 'y';
}

function split(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function tooManyLinks(path: string): BerthError {
  return new BerthError('failed_precondition', `${path} leads through more than ${maxLinks} links`, {
    code: 'too_many_links',
  });
}
