import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { asError, BerthError, errnoName } from '@berth/model/error';

/** No config is a hundredth as long; what is longer is the wrong file. */
const mostBytes = 16 * 1024 * 1024;

export interface ReadOptions {
  /** A pipe will do: `exec --process <(...)`. Default: only a regular file. */
  readonly pipe?: boolean;
}

/**
 * The text of a file that somebody else wrote. Throws `not_found` (`bundle.file_missing`), `permission_denied` or
 * `failed_precondition` (`bundle.file_unreadable`), `invalid_argument` (`bundle.file_kind`, `bundle.file_too_big`,
 * `bundle.not_utf8`).
 */
export function readText(path: string, options: ReadOptions = {}): string {
  const descriptor = open(path);
  try {
    check(descriptor, path, options);
    return decode(readAll(descriptor, path), path);
  } finally {
    closeSync(descriptor);
  }
}

/** The text of a descriptor that is open already, standard input; it stays open. Throws as `readText` does. */
export function readDescriptor(descriptor: number, name: string): string {
  check(descriptor, name, { pipe: true });
  return decode(readAll(descriptor, name), name);
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const errno = errnoName(cause);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      throw new BerthError('not_found', `${path} does not exist`, { code: 'bundle.file_missing', cause });
    }
    throw unreadable(path, cause);
  }
}

function check(descriptor: number, name: string, { pipe = false }: ReadOptions): void {
  const stat = fstatSync(descriptor);
  if (stat.isDirectory() || (!pipe && !stat.isFile())) {
    throw new BerthError('invalid_argument', `${name} is not a regular file`, { code: 'bundle.file_kind' });
  }
  if (stat.size > mostBytes) throw tooBig(name);
}

/** In pieces: the size of a pipe, or of a file that grows, is known only at its end. */
function readAll(descriptor: number, name: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = new Uint8Array(64 * 1024);
    const count = readPiece(descriptor, piece, name);
    if (count === 0) return Buffer.concat(pieces, length);
    length += count;
    if (length > mostBytes) throw tooBig(name);
    pieces.push(piece.subarray(0, count));
  }
}

function readPiece(descriptor: number, piece: Uint8Array, name: string): number {
  for (;;) {
    try {
      return readSync(descriptor, piece);
    } catch (cause) {
      // Standard input may have been made non-blocking by whoever had it before: nothing is there yet.
      if (errnoName(cause) !== 'EAGAIN') throw unreadable(name, cause);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BerthError('invalid_argument', `${name} is not UTF-8`, { code: 'bundle.not_utf8', cause });
  }
}

function tooBig(name: string): BerthError {
  return new BerthError('invalid_argument', `${name} is larger than ${mostBytes >> 20} MiB`, {
    code: 'bundle.file_too_big',
  });
}

function unreadable(name: string, cause: unknown): BerthError {
  const errno = errnoName(cause);
  const denied = errno === 'EACCES' || errno === 'EPERM';
  const kind = denied ? 'permission_denied' : 'failed_precondition';
  return new BerthError(kind, `${name} cannot be read: ${errno ?? asError(cause).message}`, {
    code: 'bundle.file_unreadable',
    cause,
  });
}
