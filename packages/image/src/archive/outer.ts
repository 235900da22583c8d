import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { asError, BerthError, errnoName } from '@berth/model/error';
import type { Compression } from '@berth/model/media-type';

/** How a file is compressed, told by its first bytes (RFC 1952, RFC 8878), never by its name. */
export async function compressionOf(path: string, offset = 0): Promise<Compression> {
  await using file = await open(path, 'r');
  const magic = Buffer.alloc(6);
  const { bytesRead } = await file.read(magic, 0, magic.length, offset);
  return compressionOfMagic(magic.subarray(0, bytesRead), path);
}

const unsupported: Readonly<Record<string, string>> = { fd377a585a00: 'xz', '425a68': 'bzip2' };

/** @throws invalid_argument (`unknown_compression`) for xz and bzip2, which docker reads and images no longer use */
export function compressionOfMagic(magic: Uint8Array, name: string): Compression {
  const hex = Buffer.from(magic).toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // 184d2a5? is a skippable frame: estargz-like zstd archives may start with one.
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  for (const [start, word] of Object.entries(unsupported)) {
    if (hex.startsWith(start)) {
      throw new BerthError('invalid_argument', `${name} is compressed with ${word}`, {
        code: 'unknown_compression',
        hint: `decompress it first: ${word} -d`,
      });
    }
  }
  return 'none';
}

/** A decompressed copy in `folder`; the caller removes it. @throws invalid_argument (`bad_compression`), resource_exhausted */
export async function decompressedCopy(
  path: string,
  compression: 'gzip' | 'zstd',
  options: { scratch: string; signal?: AbortSignal },
): Promise<string> {
  const copy = join(options.scratch, `archive-${randomBytes(8).toString('hex')}.tar`);
  const pieces = { chunkSize: 512 * 1024, highWaterMark: 1024 * 1024 };
  const inflate = compression === 'gzip' ? createGunzip(pieces) : createZstdDecompress(pieces);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  try {
    await pipeline(
      createReadStream(path, { highWaterMark: 512 * 1024 }),
      inflate,
      createWriteStream(copy, { flags: 'wx', mode: 0o600 }),
      signal,
    );
    return copy;
  } catch (error) {
    await rm(copy, { force: true });
    throw copyError(path, compression, error);
  }
}

function copyError(path: string, compression: string, cause: unknown): Error {
  const errno = errnoName(cause) ?? '';
  if (errno === 'ABORT_ERR') return new BerthError('cancelled', `reading ${path} was cancelled`, { cause });
  if (errno === 'Z_BUF_ERROR')
    return new BerthError('data_loss', `${path} is cut off: its ${compression} stream has no end`, {
      code: 'truncated',
      cause,
    });
  if (errno.startsWith('Z_') || errno.startsWith('ZSTD_'))
    return new BerthError(
      'invalid_argument',
      `${path} cannot be inflated as ${compression}: ${asError(cause).message}`,
      { code: 'bad_compression', cause },
    );
  if (errno === 'ENOSPC' || errno === 'EDQUOT')
    return new BerthError('resource_exhausted', `no room for the decompressed copy of ${path}`, {
      code: 'disk_full',
      cause,
    });
  return asError(cause);
}
