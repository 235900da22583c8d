import type { TarEntry, TarSink } from './entry.ts';
import { TarParser } from './parser.ts';

/** An entry with its content, holes filled. */
export interface ReadEntry extends TarEntry {
  readonly content: Buffer;
}

/** The largest content that is put together: this is for small archives. */
const largestContent = 64 * 1024 * 1024;

/**
 * A whole small archive in memory. Layers and image archives are never read like this.
 * @throws what `TarParser` throws, RangeError for larger files
 */
export function readAllEntries(chunks: Iterable<Uint8Array>): readonly ReadEntry[] {
  const entries: ReadEntry[] = [];
  let current: ReadEntry | undefined;
  const sink: TarSink = {
    entry(entry) {
      if (entry.size > largestContent) throw new RangeError(`'${entry.name}' has ${entry.size} bytes`);
      current = { ...entry, content: Buffer.alloc(entry.size) };
    },
    data(bytes, offset) {
      current?.content.set(bytes, offset);
    },
    end() {
      if (current !== undefined) entries.push(current);
    },
  };
  const parser = new TarParser(sink);
  for (const chunk of chunks) parser.push(chunk);
  parser.finish();
  return entries;
}

/** The same bytes in pieces of `size`: parsers must not care where they are cut. */
export function* piecesOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
