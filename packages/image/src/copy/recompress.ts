import { createHash, randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Duplex, PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { type Digest, digestAlgorithm } from '@berth/model/digest';
import { asError, BerthError, errnoName } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, layerCompression } from '@berth/model/media-type';
import { sourceBlob } from '../archive/file-blob.ts';
import { BlobCheck, writeAll, writeError } from '../archive/verified-write.ts';
import type { SourceBlob } from '../medium/medium.ts';
import { layerTypeOf } from './rewrite.ts';

export interface Recompression {
  readonly compression: Compression;
  /** Where the new blob is until it was sent. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  /** What the uncompressed tar has to be, from the image's config. */
  readonly diffId?: Digest;
  /** Bytes of the old blob read so far. */
  readonly onProgress: (bytes: number) => void;
}

/** A layer in another compression. Dispose removes it. */
export interface Recompressed extends AsyncDisposable {
  readonly descriptor: Descriptor;
  readonly blob: SourceBlob;
}

/**
 * Inflates and deflates in zlib's threads, in one pass that checks the old blob and measures the new one.
 * @throws data_loss (`digest_mismatch`, `size_mismatch`, `bad_compression`), resource_exhausted (`disk_full`)
 */
export async function recompress(layer: Descriptor, blob: SourceBlob, options: Recompression): Promise<Recompressed> {
  const { compression, scratch, signal } = options;
  const path = join(scratch, `berth-layer-${randomBytes(8).toString('hex')}`);
  const remove = async (): Promise<void> => await rm(path, { force: true });
  try {
    const measured = await convert(layer, blob, { ...options, path });
    const descriptor = { mediaType: layerTypeOf(layer.mediaType, compression), ...measured };
    const source = sourceBlob({ path, offset: 0, size: descriptor.size });
    return { descriptor, blob: source, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw signal.aborted ? signal.reason : conversionError(layer, error);
  }
}

type Measured = Pick<Descriptor, 'digest' | 'size'>;

async function convert(
  layer: Descriptor,
  blob: SourceBlob,
  { compression, diffId, signal, onProgress, path }: Recompression & { readonly path: string },
): Promise<Measured> {
  const own = layerCompression(layer.mediaType) ?? 'none';
  const before = new BlobCheck(layer);
  // Of a plain tar that becomes compressed, and the other way round, one of the two blobs is the tar itself.
  const plain = own === 'none' || compression === 'none' ? undefined : createHash('sha256');
  const after = createHash('sha256');
  let size = 0;
  await using file = await open(path, 'wx', 0o600);
  await pipeline(
    Readable.from(checked()),
    inflater(own),
    async function* (pieces: AsyncIterable<Uint8Array>) {
      for await (const piece of pieces) {
        plain?.update(piece);
        yield piece;
      }
    },
    deflater(compression),
    async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) {
        after.update(piece);
        await writeAll(file, piece, size);
        size += piece.length;
      }
    },
    { signal },
  );
  before.finish();
  const digest: Digest = `sha256:${after.digest('hex')}`;
  const tar = plain === undefined ? (own === 'none' ? layer.digest : digest) : `sha256:${plain.digest('hex')}`;
  const comparable = diffId !== undefined && digestAlgorithm(diffId) === tar.slice(0, tar.indexOf(':'));
  if (comparable && tar !== diffId) throw wrongDiffId(layer, diffId, tar);
  return { digest, size };

  async function* checked(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of blob.read(signal)) {
      before.add(piece);
      onProgress(before.size);
      yield piece;
    }
  }
}

const pieces = { chunkSize: 512 * 1024, writableHighWaterMark: 1024 * 1024, readableHighWaterMark: 1024 * 1024 };

function inflater(compression: Compression): Duplex {
  if (compression === 'gzip') return createGunzip(pieces);
  // 128 MiB is what `zstd` itself accepts without being asked to take more.
  if (compression === 'zstd')
    return createZstdDecompress({ ...pieces, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
  return new PassThrough();
}

function deflater(compression: Compression): Duplex {
  if (compression === 'gzip') return createGzip(pieces);
  return compression === 'zstd' ? createZstdCompress(pieces) : new PassThrough();
}

function wrongDiffId({ digest }: Descriptor, diffId: Digest, actual: string): BerthError {
  return new BerthError('data_loss', `layer ${digest} unpacks to ${actual}, and its config says ${diffId}`, {
    code: 'digest_mismatch',
    hint: 'the image was put together wrongly: have it built again',
  });
}

function conversionError({ digest, mediaType }: Descriptor, cause: unknown): Error {
  const errno = errnoName(cause) ?? '';
  if (cause instanceof BerthError || !/^(Z_|ZSTD_)/.test(errno)) return writeError(cause);
  return new BerthError('data_loss', `layer ${digest} cannot be inflated as ${mediaType}: ${asError(cause).message}`, {
    code: 'bad_compression',
    cause,
  });
}
