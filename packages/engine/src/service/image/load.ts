import { type CallContext, withLease } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { openArchive } from '@berth/image/archive/open';
import type { ArchivedImage } from '@berth/image/archive/archive';
import { archiveSource } from './archive-source.ts';
import { afterFailure } from './after-failure.ts';
import type { ImageBackend } from './backend.ts';
import { bringImage } from './bring-image.ts';
import type { LoadedImages, Progress } from './contract.ts';
import { danglingName } from './labels.ts';
import { moveName } from './name-change.ts';

/** Takes every image of an archive or a layout folder. When one fails nothing of the archive stays. */
export async function loadArchive(
  backend: ImageBackend,
  context: CallContext,
  { path, progress }: { readonly path: string; readonly progress: Progress },
): Promise<LoadedImages> {
  try {
    await using lease = await backend.leases.create(context.namespace);
    const leased = withLease(context, lease.id);
    await using archive = await openArchive(path, { scratch: backend.scratch, signal: context.signal });
    const images = archive.images();
    if (images.length === 0) throw noImages(path);
    const source = archiveSource(path, archive);
    const options = { wanted: 'present', progress } as const;
    for (const { target } of images) await bringImage(backend, leased, source, { target, options });
    await nameImages(backend, context.namespace, images);
    return { images: images.map(({ target, names }) => ({ target: target.digest, names })) };
  } catch (error) {
    throw await afterFailure(backend, context, error);
  }
}

function noImages(path: string): BerthError {
  return new BerthError('invalid_argument', `${path} holds no image`, { code: 'no_images' });
}

async function nameImages(backend: ImageBackend, namespace: string, images: readonly ArchivedImage[]): Promise<void> {
  await backend.metadata.write((tx) => {
    for (const { target, names } of images) {
      for (const name of names.length > 0 ? names : [danglingName(target.digest)]) {
        moveName(tx, namespace, name, target);
      }
    }
  });
  for (const { target, names } of images) {
    const attributes = { name: names[0] ?? target.digest };
    backend.events.publish({ type: 'image', action: 'load', id: target.digest, attributes });
  }
}
