import { constants } from 'node:fs';
import * as file from '@berth/addon/file';
import { AT_FDCWD, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '@berth/addon/flag';
import { BerthError, errnoName } from '@berth/model/error';
import { type ByteText, kernelName, readable } from '../tar/entry.ts';
import { splitPath } from './entry-path.ts';

const openFolder = {
  flags: O_PATH | constants.O_DIRECTORY,
  resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
};

/** Enough for the deepest trees in practice; archives list a folder's files together. */
const capacity = 64;
/** As many links as the kernel itself follows in one path. */
const maxLinks = 40;

/**
 * The folders of one tree by path, as descriptors. Every path is resolved by the kernel inside the root
 * (openat2(2), RESOLVE_IN_ROOT): links in the tree, also hostile ones, cannot lead out of it, and there is
 * no moment between a check and a use.
 */
export class FolderTree {
  readonly root: number;
  /** Folders made because an entry needed them, before or without an entry of their own. */
  readonly implied = new Set<ByteText>();
  /** The most recently used last. */
  readonly #open = new Map<ByteText, number>();
  #stale = false;

  constructor(path: string) {
    this.root = file.openat2(AT_FDCWD, path, { flags: O_PATH | constants.O_DIRECTORY });
  }

  /** The folder's descriptor, valid until two more were asked for; undefined when it is not there. */
  find(path: ByteText): number | undefined {
    if (this.#stale) this.#closeAll();
    if (path === '') return this.root;
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    const fd = file.openIfThere(this.root, kernelName(path), openFolder);
    if (fd !== undefined) this.#remember(path, fd);
    return fd;
  }

  /** As `find`; missing folders are made, 0755 and root's, and noted as implied. */
  ensure(path: ByteText): number {
    return this.find(path) ?? this.#make(path, 0);
  }

  /**
   * To be called when a folder or link was removed: paths may lead elsewhere now. Descriptors already given
   * out stay open until the next path is asked for.
   */
  forget(): void {
    this.#stale = true;
  }

  [Symbol.dispose](): void {
    this.#closeAll();
    file.close(this.root);
  }

  #closeAll(): void {
    for (const fd of this.#open.values()) file.close(fd);
    this.#open.clear();
    this.#stale = false;
  }

  #remember(path: ByteText, fd: number): void {
    if (this.#open.size >= capacity) {
      const [oldest, oldFd] = this.#open.entries().next().value!;
      file.close(oldFd);
      this.#open.delete(oldest);
    }
    this.#open.set(path, fd);
  }

  #make(path: ByteText, links: number): number {
    const { parent, base } = splitPath(path);
    const above = this.find(parent) ?? this.#make(parent, links);
    try {
      file.mkdirat(above, kernelName(base), 0o755);
      file.fchmodat(above, kernelName(base), 0o755, 0);
      this.implied.add(path);
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
      return this.#makeLinked(path, above, links);
    }
    return this.find(path)!;
  }

  /** `path` is a link to a folder that is not (yet) there, as /lib is before a lower layer shows through. */
  #makeLinked(path: ByteText, above: number, links: number): number {
    if (links >= maxLinks)
      throw new BerthError('invalid_argument', `too many links on the way to '${readable(path)}'`, { code: 'bad_tar' });
    const target = file.readlinkat(above, kernelName(splitPath(path).base)).toString('latin1');
    const place = target.startsWith('/') ? target : `${this.#pathOf(above)}/${target}`;
    const real = withinRoot(place);
    return this.find(real) ?? this.#make(real, links + 1);
  }

  /** Where an open folder is, relative to the root: the kernel's own answer. */
  #pathOf(fd: number): ByteText {
    const whole = (of: number) => file.readlinkat(AT_FDCWD, `/proc/self/fd/${of}`).toString('latin1');
    return whole(fd).slice(whole(this.root).length);
  }
}

/** Drops `..` components that would leave the root, as the kernel does under RESOLVE_IN_ROOT. */
function withinRoot(path: ByteText): ByteText {
  const kept: string[] = [];
  for (const component of path.split('/')) {
    if (component === '..') kept.pop();
    else if (component !== '' && component !== '.') kept.push(component);
  }
  return kept.join('/');
}
