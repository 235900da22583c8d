import { createReadStream } from 'node:fs';
import type { ImageArchive } from '@berth/image/archive/archive';
import type { ImageSource, SourceBlob } from '@berth/image/medium/medium';
import { documentLimit } from './documents.ts';

/** An open archive as a source of images. Whoever opened it closes it. */
export function archiveSource(title: string, archive: ImageArchive): ImageSource {
  return {
    title,
    images: async () => archive.images(),
    has: async (descriptor) => archive.has(descriptor),
    document: (descriptor) => archive.readAll(descriptor, documentLimit),
    blob: (descriptor) => blobOf(archive.source(descriptor)),
    [Symbol.asyncDispose]: async () => {},
  };
}

function blobOf(source: ReturnType<ImageArchive['source']>): SourceBlob {
  if ('bytes' in source) {
    return {
      async *read(_signal, offset = 0) {
        yield source.bytes.subarray(offset);
      },
    };
  }
  const { path, offset: start, size } = source;
  return {
    file: { path, offset: start },
    async *read(signal, offset = 0) {
      if (offset >= size) return;
      const range = { start: start + offset, end: start + size - 1, highWaterMark: 1 << 20 };
      for await (const piece of createReadStream(path, { ...range, signal })) yield piece as Buffer;
    },
  };
}
