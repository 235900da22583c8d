import type { BlobPlace } from './place.ts';
import { type Meter, readRange } from './range.ts';

/**
 * A blob's bytes from `start`, in order. A big one begins with one piece: when that shows that the host knows ranges and
 * the line is slow for one connection (far away, or throttled for each), the rest comes in pieces side by side;
 * otherwise over one connection.
 */
export async function* readBlob(blob: BlobPlace, start: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { size } = blob.blob;
  const { rangesFrom, pieceSize, fastEnough } = blob.place.hosts.tuning;
  let at = start;
  if (size - start > rangesFrom) {
    const meter: Meter = { bytes: 0, waited: 0 };
    for await (const piece of readRange(blob, { start, end: start + pieceSize }, { signal, meter, orWhole: true })) {
      at += piece.length;
      yield piece;
    }
    if (at < size && meter.bytes < fastEnough * meter.waited) return yield* readPieces(blob, at, signal);
  }
  yield* readRange(blob, { start: at, end: size }, { signal });
}

/** At most `piecesInFlight` pieces and the one that is being read are in memory. */
async function* readPieces(blob: BlobPlace, start: number, outer: AbortSignal): AsyncGenerator<Uint8Array> {
  const { size } = blob.blob;
  const { pieceSize, piecesInFlight } = blob.place.hosts.tuning;
  const ended = new AbortController();
  const signal = AbortSignal.any([outer, ended.signal]);
  const flying: Promise<readonly Uint8Array[]>[] = [];
  let next = start;
  const launch = (): void => {
    if (next >= size) return;
    const piece = collected(readRange(blob, { start: next, end: Math.min(size, next + pieceSize) }, { signal }));
    // Looked at in its turn; until then its failure is nobody's.
    piece.catch(() => undefined);
    flying.push(piece);
    next += pieceSize;
  };
  for (let count = 0; count < piecesInFlight; count++) launch();
  try {
    for (let first = flying.shift(); first !== undefined; first = flying.shift()) {
      const parts = await first;
      launch();
      yield* parts;
    }
  } finally {
    ended.abort();
    await Promise.allSettled(flying);
  }
}

async function collected(pieces: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return parts;
}
