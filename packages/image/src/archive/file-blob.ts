import { open } from 'node:fs/promises';
import { BerthError } from '@berth/model/error';
import type { SourceBlob } from '../medium/medium.ts';
import type { BlobSource } from './archive.ts';

const pieceSize = 512 * 1024;

/** A blob that is a part of a local file, or in memory. */
export function sourceBlob(source: BlobSource): SourceBlob {
  if ('bytes' in source) return memoryBlob(source.bytes);
  const { path, offset, size } = source;
  return {
    file: { path, offset },
    read: (signal, start = 0) => readPart(path, { from: offset + start, to: offset + size, signal }),
  };
}

/** A blob that is in memory. */
export function memoryBlob(bytes: Uint8Array): SourceBlob {
  return {
    async *read(signal, offset = 0) {
      signal.throwIfAborted();
      if (offset < bytes.length) yield bytes.subarray(offset);
    },
  };
}

interface Part {
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

async function* readPart(path: string, { from, to, signal }: Part): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await open(path, 'r');
  for (let at = from; at < to;) {
    signal.throwIfAborted();
    const wanted = Math.min(pieceSize, to - at);
    // Whoever reads may keep the piece: the buffer is not used again.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, at);
    if (bytesRead === 0)
      throw new BerthError('data_loss', `${path} became shorter while it was read`, { code: 'truncated' });
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
