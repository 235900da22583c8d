import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { digestAlgorithm } from '@berth/model/digest';
import { asError, BerthError, errnoName } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { BlobHints, SourceBlob } from '../medium/medium.ts';

/**
 * Writes a blob into a file from a position on, and checks that it is what its descriptor says. What was written of a
 * wrong blob is left to the caller to take away.
 * @throws data_loss (`digest_mismatch`, `size_mismatch`), resource_exhausted (`disk_full`), what the source throws
 */
export async function writeVerified(
  file: FileHandle,
  descriptor: Descriptor,
  source: SourceBlob,
  { signal, onProgress, position = 0 }: Pick<BlobHints, 'signal' | 'onProgress'> & { readonly position?: number },
): Promise<void> {
  const check = new BlobCheck(descriptor);
  for await (const piece of source.read(signal)) {
    const before = check.size;
    check.add(piece);
    await writeAll(file, piece, position + before);
    onProgress?.(check.size);
    signal.throwIfAborted();
  }
  check.finish();
}

/** Measures a blob that passes by, against its descriptor. */
export class BlobCheck {
  size = 0;
  readonly #descriptor: Descriptor;
  readonly #hash: Hash;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    this.#hash = createHash(digestAlgorithm(descriptor.digest));
  }

  /** @throws data_loss (`size_mismatch`) as soon as there are too many bytes */
  add(piece: Uint8Array): void {
    this.size += piece.length;
    if (this.size > this.#descriptor.size) throw this.#wrongSize('more');
    this.#hash.update(piece);
  }

  /** @throws data_loss (`size_mismatch`, `digest_mismatch`) */
  finish(): void {
    const { digest, size } = this.#descriptor;
    if (this.size < size) throw this.#wrongSize(`${this.size}`);
    const actual = `${digestAlgorithm(digest)}:${this.#hash.digest('hex')}`;
    if (actual === digest) return;
    throw new BerthError('data_loss', `blob ${digest} came with the digest ${actual}`, {
      code: 'digest_mismatch',
      hint: 'the source is damaged, or lies',
    });
  }

  #wrongSize(actual: string): BerthError {
    const { digest, size } = this.#descriptor;
    return new BerthError('data_loss', `blob ${digest} came with ${actual} bytes instead of ${size}`, {
      code: 'size_mismatch',
    });
  }
}

/** @throws data_loss when the bytes are not those of the descriptor */
export function checkBytes(descriptor: Descriptor, bytes: Uint8Array): void {
  const check = new BlobCheck(descriptor);
  check.add(bytes);
  check.finish();
}

/** @throws resource_exhausted (`disk_full`) */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    try {
      at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
    } catch (error) {
      throw writeError(error);
    }
  }
}

/** An error of a write in the words of all media; others come back as they are. */
export function writeError(cause: unknown, path?: string): Error {
  const where = path === undefined ? '' : ` ${path}`;
  const detail = { cause };
  switch (errnoName(cause)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BerthError('resource_exhausted', `no room is left for the image${where}`, {
        ...detail,
        code: 'disk_full',
      });
    case 'EROFS':
      return new BerthError('failed_precondition', `the file system is read-only${where}`, {
        ...detail,
        code: 'read_only',
      });
    case 'EACCES':
    case 'EPERM':
      return new BerthError('permission_denied', `writing${where} is not allowed`, detail);
    case 'ENOENT':
      return new BerthError('not_found', `there is no folder for${where}`, { ...detail, code: 'no_such_file' });
    default:
      return asError(cause);
  }
}
