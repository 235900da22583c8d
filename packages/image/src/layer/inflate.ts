import type { Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import type { Compression } from '@berth/model/media-type';

/**
 * One inflated piece. zlib allocates this much per piece: below 256 KiB the round trips to its thread
 * dominate, above 1 MiB the pieces no longer fit into the second-level cache while they are hashed.
 */
const pieceSize = 512 * 1024;
/** Pieces that may wait before zlib is held back. */
const maxQueued = 4;

/** Takes stored bytes in, gives inflated bytes out. */
export interface Inflater {
  /** Resolves when more may be written. The bytes must not change until `release` is called. */
  write(bytes: Uint8Array, release: () => void): Promise<void>;
  /** Resolves when the last inflated byte was consumed. */
  end(): Promise<void>;
  /** Stops everything; nothing is called any more. */
  destroy(): void;
}

/**
 * Inflates in zlib's own thread while `consume` (hashing, writing) runs in this one.
 *
 * zlib continues with the next piece only after its 'data' event was handled, so that consuming in the
 * handler would let the two take turns. The pieces are queued and consumed in the microtask behind it.
 */
export function createInflater(compression: Compression, consume: (bytes: Uint8Array) => void): Inflater {
  if (compression === 'none') return directly(consume);
  const stream = decompressor(compression);
  const queue: Uint8Array[] = [];
  let scheduled = false;
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  finished.catch(() => {});

  const drain = (): void => {
    scheduled = false;
    try {
      for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) consume(piece);
    } catch (error) {
      stream.destroy();
      reject(error);
      return;
    }
    stream.resume();
  };
  stream.on('data', (piece: Uint8Array) => {
    queue.push(piece);
    if (queue.length >= maxQueued) stream.pause();
    if (!scheduled) queueMicrotask(drain);
    scheduled = true;
  });
  stream.on('error', reject);
  // 'end' may come in the same turn as the last piece, whose microtask is still to run.
  stream.on('end', () => queueMicrotask(resolve));

  return {
    async write(bytes, release) {
      const more = stream.write(bytes, release);
      if (more) return;
      await Promise.race([finished, new Promise((done) => stream.once('drain', done))]);
    },
    async end() {
      stream.end();
      await finished;
    },
    destroy() {
      stream.destroy();
    },
  };
}

function decompressor(compression: 'gzip' | 'zstd'): Transform {
  const stream = { chunkSize: pieceSize, writableHighWaterMark: 4 * pieceSize, readableHighWaterMark: pieceSize };
  if (compression === 'gzip') return createGunzip(stream);
  // 128 MiB is what `zstd` itself accepts without being asked to take more.
  return createZstdDecompress({ ...stream, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
}

function directly(consume: (bytes: Uint8Array) => void): Inflater {
  return {
    async write(bytes, release) {
      consume(bytes);
      release();
    },
    async end() {},
    destroy() {},
  };
}
