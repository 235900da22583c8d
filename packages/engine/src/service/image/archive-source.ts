import type { ImageArchive } from '@berth/image/archive/archive';
import { sourceBlob } from '@berth/image/archive/file-blob';
import type { ImageSource } from '@berth/image/medium/medium';
import { documentLimit } from './documents.ts';

/** An open archive, of which all that it names is known to be there, as a source. Whoever opened it closes it. */
export function archiveSource(title: string, archive: ImageArchive): ImageSource {
  return {
    title,
    images: async () => archive.images(),
    has: async (descriptor) => archive.has(descriptor),
    document: (descriptor) => archive.readAll(descriptor, documentLimit),
    blob: (descriptor) => sourceBlob(archive.source(descriptor)),
    [Symbol.asyncDispose]: async () => {},
  };
}
