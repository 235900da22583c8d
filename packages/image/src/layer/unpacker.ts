import { constants, ftruncateSync, writeSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '@berth/addon/flag';
import { BerthError, errnoName, tolerate } from '@berth/model/error';
import { type ByteText, kernelName, readable, type TarEntry, type TarSink } from '../tar/entry.ts';
import { entryPath, type EntryPath } from './entry-path.ts';
import { entryError } from './entry-error.ts';
import { FolderTree } from './folder-tree.ts';
import { setFileMetadata, setNodeMetadata, timesOf } from './metadata.ts';
import { openPlain, type Place, removeTree } from './remove-tree.ts';
import { meaningOf, overlayWhiteouts, RemovingWhiteouts, type Whiteouts } from './whiteout.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
/** From here on a file is sent to disk while the next ones are unpacked: fewer than a tenth of the files, most of the bytes. */
const largeFile = 256 * 1024;
const newFile = { flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600 };

/**
 * Writes a layer's entries into a folder, with docker's and containerd's rules (image-spec, layer.md):
 * later entries replace earlier ones, except that a folder keeps what is in it; owner, attributes, mode
 * and times are set in the order in which the kernel keeps them; folders get their times last.
 *
 * Hard links take nothing from their own header: the file they share has its metadata from its first
 * entry, and setting the owner again would drop its capabilities.
 */
export class Unpacker implements TarSink, Disposable {
  readonly #tree: FolderTree;
  readonly #whiteouts: Whiteouts;
  readonly #folderTimes = new Map<ByteText, file.Times>();
  /** The regular file being written. */
  #file: { readonly fd: number; readonly entry: TarEntry } | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(folder: string, whiteouts: 'overlay' | 'remove') {
    this.#tree = new FolderTree(folder);
    this.#whiteouts = whiteouts === 'overlay' ? overlayWhiteouts : new RemovingWhiteouts(this.#tree);
  }

  get entries(): number {
    return this.#entries;
  }

  /** Content bytes written, without holes. */
  get bytes(): number {
    return this.#bytes;
  }

  get tree(): FolderTree {
    return this.#tree;
  }

  entry(entry: TarEntry): void {
    this.#entries++;
    try {
      const path = entryPath(entry.name);
      const meaning = meaningOf(path);
      if (meaning.kind === 'ignored') return;
      const parent = this.#tree.ensure(path.parent);
      if (meaning.kind === 'opaque') return this.#whiteouts.makeOpaque(parent, path.parent);
      if (meaning.kind === 'whiteout') {
        const hidden = path.parent === '' ? meaning.hidden : `${path.parent}/${meaning.hidden}`;
        return this.#whiteouts.hide({ dirfd: parent, name: kernelName(meaning.hidden) }, hidden, entry);
      }
      this.#create(entry, path, { dirfd: parent, name: kernelName(path.base) });
      this.#whiteouts.written(path.path);
    } catch (error) {
      throw entryError(entry, error);
    }
  }

  data(bytes: Uint8Array, offset: number): void {
    if (this.#file === undefined) return;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file.fd, bytes, at, bytes.length - at, offset + at);
    } catch (error) {
      throw entryError(this.#file.entry, error);
    }
    this.#bytes += bytes.length;
  }

  end(): void {
    if (this.#file === undefined) return;
    const { fd, entry } = this.#file;
    try {
      if (entry.segments !== undefined) ftruncateSync(fd, entry.size);
      setFileMetadata(fd, entry);
      file.futimens(fd, timesOf(entry));
      if (entry.storedSize >= largeFile) file.startWriteback(fd);
    } catch (error) {
      throw entryError(entry, error);
    }
    this.#file = undefined;
    file.close(fd);
  }

  /** After the last entry: what had to wait until no file is made any more. */
  finish(): void {
    for (const [path, times] of this.#folderTimes) {
      // What was above the folder may have been replaced by something else since.
      tolerate(['ENOTDIR', 'ELOOP'], () => {
        const folder = this.#tree.find(path);
        if (folder !== undefined) file.utimensat(folder, '.', times, 0);
      });
    }
    this.#folderTimes.clear();
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) file.close(this.#file.fd);
    this.#file = undefined;
    this.#tree[Symbol.dispose]();
  }

  #create(entry: TarEntry, path: EntryPath, place: Place): void {
    if (entry.type !== 'folder') this.#folderTimes.delete(path.path);
    switch (entry.type) {
      case 'file':
        return this.#createFile(entry, path, place);
      case 'folder':
        return this.#createFolder(entry, path, place);
      case 'hardlink':
        return this.#createHardlink(entry, path, place);
      case 'other':
        throw new BerthError('invalid_argument', `is of type '${readable(entry.flag)}', which layers cannot have`, {
          code: 'bad_tar',
        });
      default:
        this.#notRoot(path);
        this.#replacing(place, () => makeNode(entry, place));
        return setNodeMetadata(place, entry);
    }
  }

  #createFile(entry: TarEntry, path: EntryPath, place: Place): void {
    this.#notRoot(path);
    this.#file = { fd: this.#replacing(place, () => file.openat2(place.dirfd, place.name, newFile)), entry };
  }

  #createFolder(entry: TarEntry, path: EntryPath, place: Place): void {
    const fd = path.path === '' ? openPlain(place) : this.#openOrMakeFolder(place);
    try {
      setFileMetadata(fd, entry);
    } finally {
      file.close(fd);
    }
    this.#tree.implied.delete(path.path);
    this.#folderTimes.set(path.path, timesOf(entry));
  }

  #openOrMakeFolder(place: Place): number {
    try {
      file.mkdirat(place.dirfd, place.name, 0o700);
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
      const existing = openFolderIfOne(place);
      if (existing !== undefined) return existing;
      this.#whiteouts.replaceByFolder(place, () => this.#remove(place));
    }
    return openPlain(place);
  }

  /** The target lies in the same layer; its last component is linked as it is, also when it is a symlink. */
  #createHardlink(entry: TarEntry, path: EntryPath, place: Place): void {
    this.#notRoot(path);
    const target = entryPath(entry.linkName);
    if (target.path === path.path) return;
    const dirfd = this.#tree.find(target.parent);
    if (dirfd === undefined) throw missingTarget(entry);
    const from = { dirfd, name: kernelName(target.base) };
    try {
      this.#replacing(place, () => file.linkat(from, place.dirfd, place.name));
    } catch (error) {
      throw errnoName(error) === 'ENOENT' ? missingTarget(entry) : error;
    }
  }

  /** Runs `make`; when the name is taken, what has it is removed and `make` runs again. */
  #replacing<T>(place: Place, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
      this.#remove(place);
      return make();
    }
  }

  /** A removed link or folder may have been on the way to folders that are held open. */
  #remove(place: Place): void {
    removeTree(place);
    this.#tree.forget();
  }

  #notRoot(path: EntryPath): void {
    if (path.path === '')
      throw new BerthError('invalid_argument', 'stands for the root and is not a folder', { code: 'bad_tar' });
  }
}

function makeNode(entry: TarEntry, { dirfd, name }: Place): void {
  if (entry.type === 'symlink') return file.symlinkat(kernelName(entry.linkName), dirfd, name);
  const kind = entry.type === 'char' ? S_IFCHR : entry.type === 'block' ? S_IFBLK : S_IFIFO;
  file.mknodat(dirfd, name, kind | 0o600, entry);
}

function openFolderIfOne(place: Place): number | undefined {
  try {
    return openPlain(place);
  } catch (error) {
    if (errnoName(error) === 'ENOTDIR' || errnoName(error) === 'ELOOP') return undefined;
    throw error;
  }
}

function missingTarget(entry: TarEntry): BerthError {
  return new BerthError(
    'invalid_argument',
    `is a hard link to '${readable(entry.linkName)}', which the layer does not have before it`,
    { code: 'bad_tar' },
  );
}
