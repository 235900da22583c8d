import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { asError, BerthError, errnoName } from '@berth/model/error';
import type { Compression } from '@berth/model/media-type';

/** How a file is compressed, told by its first bytes (RFC 1952, RFC 8878), never by its name. */
export async function compressionOf(path: string, offset = 0): Promise<Compression> {
  return compressionOfMagic(await magicOf(path, offset), path);
}

/** As `compressionOf`, for archives as a whole: `decompressedCopy` knows what images themselves do not have. */
export async function outerCompressionOf(path: string): Promise<Compression | Foreign> {
  const magic = await magicOf(path, 0);
  return foreignCompression(magic) ?? compressionOfMagic(magic, path);
}

async function magicOf(path: string, offset: number): Promise<Uint8Array> {
  await using file = await open(path, 'r');
  const magic = Buffer.alloc(6);
  const { bytesRead } = await file.read(magic, 0, magic.length, offset);
  return magic.subarray(0, bytesRead);
}

/** What Node cannot inflate, and a program of that name can. */
type Foreign = 'xz' | 'bzip2';

function foreignCompression(magic: Uint8Array): Foreign | undefined {
  const hex = Buffer.from(magic).toString('hex');
  if (hex.startsWith('fd377a585a00')) return 'xz';
  return hex.startsWith('425a68') ? 'bzip2' : undefined;
}

/** @throws invalid_argument (`unknown_compression`) for xz and bzip2, which docker reads and images no longer use */
function compressionOfMagic(magic: Uint8Array, name: string): Compression {
  const hex = Buffer.from(magic).toString('hex');
  if (hex.startsWith('1f8b')) return 'gzip';
  // 184d2a5? is a skippable frame: estargz-like zstd archives may start with one.
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  const foreign = foreignCompression(magic);
  if (foreign !== undefined) throw foreignFailure(name, foreign);
  return 'none';
}

function foreignFailure(name: string, word: Foreign, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', `${name} is compressed with ${word}`, {
    code: 'unknown_compression',
    hint: `decompress it first: ${word} -d`,
    cause,
  });
}

/**
 * A decompressed copy in `folder`; the caller removes it.
 * @throws invalid_argument (`bad_compression`, `unknown_compression` when the program for it is not installed),
 *   data_loss (`truncated`), resource_exhausted
 */
export async function decompressedCopy(
  path: string,
  compression: 'gzip' | 'zstd' | Foreign,
  options: { scratch: string; signal?: AbortSignal },
): Promise<string> {
  const copy = join(options.scratch, `archive-${randomBytes(8).toString('hex')}.tar`);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  try {
    if (compression === 'xz' || compression === 'bzip2') await inflateByProgram(path, compression, { copy, ...signal });
    else await inflate(path, compression, { copy, ...signal });
    return copy;
  } catch (error) {
    await rm(copy, { force: true });
    throw copyError(path, compression, error);
  }
}

interface Inflation {
  readonly copy: string;
  readonly signal?: AbortSignal;
}

async function inflate(path: string, compression: 'gzip' | 'zstd', { copy, ...signal }: Inflation): Promise<void> {
  const pieces = { chunkSize: 512 * 1024, highWaterMark: 1024 * 1024 };
  await pipeline(
    createReadStream(path, { highWaterMark: 512 * 1024 }),
    compression === 'gzip' ? createGunzip(pieces) : createZstdDecompress(pieces),
    createWriteStream(copy, { flags: 'wx', mode: 0o600 }),
    signal,
  );
}

/** The program reads and writes the files itself: no byte passes through here. */
async function inflateByProgram(path: string, program: Foreign, { copy, signal }: Inflation): Promise<void> {
  await using from = await open(path, 'r');
  await using to = await open(copy, 'wx', 0o600);
  const child = spawn(program, ['-dc'], {
    stdio: [from.fd, to.fd, 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  const said: Buffer[] = [];
  child.stderr!.on('data', (piece: Buffer) => said.push(piece));
  let code: unknown;
  try {
    [code] = await once(child, 'close');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') throw foreignFailure(path, program, error);
    throw error;
  }
  if (code === 0) return;
  const words = Buffer.concat(said).toString().trim();
  if (/No space left|Disk quota/.test(words)) throw noRoom(path);
  const cut = /[Uu]nexpected end|ends unexpectedly/.test(words);
  throw cut ? truncated(path, program) : unreadable(path, program, new Error(words.split('\n')[0]!.slice(0, 200)));
}

function copyError(path: string, compression: string, cause: unknown): Error {
  const errno = errnoName(cause) ?? '';
  if (cause instanceof BerthError) return cause;
  if (errno === 'ABORT_ERR') return new BerthError('cancelled', `reading ${path} was cancelled`, { cause });
  if (errno === 'Z_BUF_ERROR') return truncated(path, compression, cause);
  if (errno.startsWith('Z_') || errno.startsWith('ZSTD_')) return unreadable(path, compression, cause);
  return errno === 'ENOSPC' || errno === 'EDQUOT' ? noRoom(path, cause) : asError(cause);
}

function truncated(path: string, compression: string, cause?: unknown): BerthError {
  return new BerthError('data_loss', `${path} is cut off: its ${compression} stream has no end`, {
    code: 'truncated',
    cause,
  });
}

function unreadable(path: string, compression: string, cause: unknown): BerthError {
  return new BerthError('invalid_argument', `${path} cannot be inflated as ${compression}: ${asError(cause).message}`, {
    code: 'bad_compression',
    cause,
  });
}

function noRoom(path: string, cause?: unknown): BerthError {
  return new BerthError('resource_exhausted', `no room for the decompressed copy of ${path}`, {
    code: 'disk_full',
    cause,
  });
}
