import type { CallContext } from '@berth/model/context';
import { withLease } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import type { ImageBackend } from './backend.ts';
import type { ImageService, ReadyImage } from './contract.ts';
import { documentsOf, platformImage } from './documents.ts';
import { findImage } from './find.ts';
import { importImage } from './import.ts';
import { isDangling } from './labels.ts';
import { listImages, viewImage } from './list.ts';
import { loadArchive } from './load.ts';
import { moveName } from './name-change.ts';
import { removeImage } from './remove.ts';
import { storedLayers, topChain, unpackImage } from './unpack.ts';

export function createImageService(backend: ImageBackend): ImageService {
  return {
    load: (context, path, progress) => loadArchive(backend, context, { path, progress }),
    import: (context, path, request, progress) => importImage(backend, context, { path, request, progress }),
    list: (context) => listImages(backend, context),
    inspect: async (context, ref) => {
      const { records } = await findImage(backend, context, ref);
      const view = await viewImage(backend, context, records);
      const { config, manifest } = await platformImage(documentsOf(backend.content, context), records[0].target);
      return { ...view, config, manifest, configDigest: manifest.config.digest };
    },
    tag: (context, source, target) => tagImage(backend, context, source, target),
    remove: (context, ref, force) => removeImage(backend, context, { ref, force }),
    ready: (context, ref) => readyImage(backend, context, ref),
  };
}

async function tagImage(backend: ImageBackend, context: CallContext, source: string, target: string): Promise<void> {
  const reference = parseReference(target);
  if (reference.digest !== undefined) {
    throw new BerthError('invalid_argument', `cannot tag with a digest: ${target}`, { hint: 'give a name and a tag' });
  }
  const { records } = await findImage(backend, context, source);
  await backend.metadata.write((tx) => moveName(tx, context.namespace, reference.name, records[0].target));
  const attributes = { name: reference.name };
  backend.events.publish({ type: 'image', action: 'tag', id: records[0].target.digest, attributes });
}

async function readyImage(backend: ImageBackend, context: CallContext, ref: string): Promise<ReadyImage> {
  const { named, records } = await findImage(backend, context, ref);
  const record = named ?? records[0];
  const image = await platformImage(documentsOf(backend.content, context), record.target);
  const ready = {
    name: isDangling(record.name) ? record.target.digest : record.name,
    target: record.target,
    config: image.config,
    chainId: topChain(image),
  };
  await using lease = await backend.leases.create(context.namespace);
  await unpackImage(backend, withLease(context, lease.id), image, {
    find: storedLayers(backend),
    progress: () => {},
  });
  return ready;
}
