import { type CallContext, withSignal } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { ImageSource, SourceImage } from '@berth/image/medium/medium';
import type { ImageBackend } from './backend.ts';
import { documentLimit } from './documents.ts';

/** Images of the content store as a source of copies. */
export function storeSource(
  backend: ImageBackend,
  context: CallContext,
  { title, images }: { readonly title: string; readonly images: readonly SourceImage[] },
): ImageSource {
  const { content } = backend;
  return {
    title,
    images: async () => images,
    has: ({ digest }) => hasBlob(backend, context, digest),
    document: ({ digest }) => content.readAll(context, digest, documentLimit),
    blob: ({ digest }) => ({
      file: { path: backend.blobPath(digest), offset: 0 },
      read: (signal, offset = 0) => content.read(withSignal(context, signal), digest, { offset }),
    }),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Whether the namespace has the blob. */
export async function hasBlob(
  { content }: ImageBackend,
  context: CallContext,
  digest: Descriptor['digest'],
): Promise<boolean> {
  try {
    await content.info(context, digest);
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}
