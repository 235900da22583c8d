import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { BerthError } from '@berth/model/error';
import type { StoredLayer } from './layer-store.ts';
import { tarParts } from './tar-split.ts';

/** Pieces of about this size are handed on. */
const pieceSize = 512 * 1024;

/**
 * The very bytes of a layer's tar, put together from docker's notes and from the files that it unpacked: what they are is
 * for the reader to verify against the diff id. Files are read by synchronous calls: ten
 * thousand small ones take 0.4 s like that and 4.9 s by asynchronous ones. Between pieces others have their turn.
 *
 * @throws data_loss (`bad_tar_split`, `bad_layer`), an error of the file system: docker removed or changed the layer
 */
export async function* layerTar(layer: StoredLayer, signal: AbortSignal, offset = 0): AsyncGenerator<Uint8Array> {
  const files = new LayerFiles(layer.content);
  const pieces = new Pieces();
  let skip = offset;
  for await (const part of tarParts(layer.tarSplit)) {
    const size = part.type === 'segment' ? part.bytes.length : part.size;
    const from = Math.min(skip, size);
    skip -= from;
    if (from === size) continue;
    if (part.type === 'segment') yield* pieces.add(part.bytes.subarray(from));
    else for (const bytes of files.read(part.name, part.size, from)) yield* pieces.add(bytes);
    signal.throwIfAborted();
  }
  yield* pieces.rest();
}

/** Gathers small parts. */
class Pieces {
  #piece = Buffer.allocUnsafe(pieceSize);
  #filled = 0;

  *add(bytes: Uint8Array): Generator<Uint8Array> {
    const isLarge = bytes.length >= pieceSize / 2;
    if (isLarge || this.#filled + bytes.length > pieceSize) yield* this.rest();
    if (isLarge) yield bytes;
    else {
      this.#piece.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  *rest(): Generator<Uint8Array> {
    if (this.#filled === 0) return;
    yield this.#piece.subarray(0, this.#filled);
    this.#piece = Buffer.allocUnsafe(pieceSize);
    this.#filled = 0;
  }
}

/** Reads files of a layer's folder, and nothing outside of it. */
class LayerFiles {
  readonly #root: Buffer;
  /** Folders (byte text) that are no links. */
  readonly #folders = new Set<string>(['']);

  constructor(root: string) {
    this.#root = Buffer.from(`${root}/`);
  }

  *read(name: Buffer, size: number, from: number): Generator<Uint8Array> {
    const path = this.#pathOf(name);
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(file);
      if (!found.isFile() || found.size !== size) throw changed(path);
      for (let at = from; at < size;) {
        const piece = Buffer.allocUnsafe(Math.min(pieceSize, size - at));
        const count = readSync(file, piece, 0, piece.length, at);
        if (count === 0) throw changed(path);
        yield piece.subarray(0, count);
        at += count;
      }
    } finally {
      closeSync(file);
    }
  }

  #pathOf(name: Buffer): Buffer {
    const words = name.toString('latin1').split('/');
    const clean = words.filter((word) => word !== '' && word !== '.');
    if (clean.length === 0 || clean.includes('..')) throw changed(name);
    this.#checkFolder(clean.slice(0, -1));
    return this.#inRoot(clean.join('/'));
  }

  /** A link on the way may lead out of the layer. */
  #checkFolder(words: readonly string[]): void {
    const folder = words.join('/');
    if (this.#folders.has(folder)) return;
    this.#checkFolder(words.slice(0, -1));
    const path = this.#inRoot(folder);
    if (!lstatSync(path).isDirectory()) throw changed(path);
    this.#folders.add(folder);
  }

  #inRoot(byteText: string): Buffer {
    return Buffer.concat([this.#root, Buffer.from(byteText, 'latin1')]);
  }
}

function changed(path: Buffer): BerthError {
  return new BerthError('data_loss', `${path.toString()} is not as docker unpacked it`, { code: 'bad_layer' });
}
