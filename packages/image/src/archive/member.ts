import type { Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import { readable, type TarEntry } from '../tar/entry.ts';
import { TarParser } from '../tar/parser.ts';
import { entryPath } from '../layer/entry-path.ts';
import type { FileSource } from './archive.ts';

/** The files of an archive or of a layout folder by their clean path. */
export type Members = ReadonlyMap<string, FileSource>;

const pieceSize = 128 * 1024;
/** Images of a registry's whole catalogue stay below; a hostile archive must not fill the memory. */
const maxMembers = 200_000;

/**
 * Lists a tar without reading the contents of its files. Links among members are resolved, as docker's
 * old archives have them for layers that several images share.
 * @throws invalid_argument (`bad_tar`), data_loss (`truncated`), cancelled
 */
export async function tarMembers(path: string, signal?: AbortSignal): Promise<Members> {
  const listing = new Listing(path);
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const parser = new TarParser(listing);
  const buffer = Buffer.allocUnsafe(pieceSize);
  for (let position = 0; position < size && !parser.ended;) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, pieceSize, position);
    if (bytesRead === 0) break;
    parser.push(buffer.subarray(0, bytesRead));
    position += bytesRead + parser.skip();
    if (position > size) throw cutOff(listing.last);
  }
  parser.finish();
  return listing.resolved();
}

function cutOff(name: string): BerthError {
  return new BerthError('data_loss', `the archive ends inside of '${readable(name)}'`, { code: 'truncated' });
}

class Listing {
  last = '';
  readonly #path: string;
  readonly #files = new Map<string, FileSource>();
  readonly #links = new Map<string, string>();

  constructor(path: string) {
    this.#path = path;
  }

  entry({ type, name, linkName, offset, storedSize, segments }: TarEntry): void {
    this.last = name;
    if (this.#files.size + this.#links.size >= maxMembers)
      throw new BerthError('resource_exhausted', `the archive has more than ${maxMembers} members`);
    const { path, parent } = entryPath(name);
    this.#files.delete(path);
    this.#links.delete(path);
    if (type === 'file' && segments === undefined)
      this.#files.set(path, { path: this.#path, offset, size: storedSize });
    else if (type === 'hardlink') this.#links.set(path, entryPath(linkName).path);
    else if (type === 'symlink')
      this.#links.set(path, entryPath(linkName.startsWith('/') ? linkName : `${parent}/${linkName}`).path);
  }

  data(): void {}

  end(): void {}

  resolved(): Members {
    for (const [path, target] of this.#links) {
      let end: string | undefined = target;
      for (let steps = 0; steps < 10 && end !== undefined && !this.#files.has(end); steps++) end = this.#links.get(end);
      const file = end === undefined ? undefined : this.#files.get(end);
      if (file !== undefined) this.#files.set(path, file);
    }
    return this.#files;
  }
}

/** The files of a layout folder that image layouts can have: those at the top and the blobs. */
export async function folderMembers(folder: string): Promise<Members> {
  const root = await realpath(folder);
  const members = new Map<string, FileSource>();
  for (const below of ['', 'blobs/sha256', 'blobs/sha512']) {
    const names = await namesIn(join(root, below));
    if (names.length === 0) continue;
    const real = await realpathWithin(root, join(root, below));
    for (const name of names) {
      const file = await fileAt(root, join(real, name));
      if (file !== undefined) members.set(below === '' ? name : `${below}/${name}`, file);
    }
  }
  return members;
}

/** One call for a file; only links have to be followed. */
async function fileAt(root: string, path: string): Promise<FileSource | undefined> {
  const found = await ifThere(lstat, path);
  if (found?.isFile() === true) return { path, offset: 0, size: found.size };
  if (found?.isSymbolicLink() !== true) return undefined;
  const target = await ifThere(stat, path);
  return target?.isFile() === true
    ? { path: await realpathWithin(root, path), offset: 0, size: target.size }
    : undefined;
}

/** Whoever writes into the layout meanwhile has files that come and go; links may lead nowhere. */
async function ifThere(look: (path: string) => Promise<Stats>, path: string): Promise<Stats | undefined> {
  try {
    return await look(path);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A layout that others prepared must not make us read our own files as blobs. @throws invalid_argument (`path_escape`) */
async function realpathWithin(root: string, path: string): Promise<string> {
  const real = await realpath(path);
  if (real === root || real.startsWith(root === sep ? sep : root + sep)) return real;
  throw new BerthError('invalid_argument', `${path} leads out of the layout`, { code: 'path_escape' });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT' || errnoName(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** A whole file that others wrote. @throws as `readMember`, what opening it throws */
export async function readSmallFile(path: string, limit: number): Promise<Buffer> {
  return await readMember({ path, offset: 0, size: 0 }, path, limit);
}

/** A whole member. @throws resource_exhausted (`too_large`), data_loss (`truncated`) */
export async function readMember({ path, offset, size }: FileSource, name: string, limit: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  // No content of a tar is at its start: this is a file of its own, which may have been replaced since it was listed.
  const actual = offset === 0 ? (await file.stat()).size : size;
  if (actual > limit)
    throw new BerthError('resource_exhausted', `${name} has ${actual} bytes, more than the limit of ${limit}`, {
      code: 'too_large',
    });
  const bytes = Buffer.alloc(actual);
  await fill(file, bytes, offset, name);
  return bytes;
}

async function fill(file: FileHandle, bytes: Buffer, offset: number, name: string): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, offset + at);
    if (bytesRead === 0)
      throw new BerthError('data_loss', `${name} ends after ${at} of ${bytes.length} bytes`, { code: 'truncated' });
    at += bytesRead;
  }
}
