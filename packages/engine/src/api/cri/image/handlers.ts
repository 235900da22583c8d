import type { ImageService } from '@berth/wire/gen/cri/v1/api_pb';
import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { CallContext } from '@berth/model/context';
import type { HostImage } from '#service/image/contract';
import type { RpcHandlers } from '../../rpc/contract.ts';
import type { CriBackend } from '../backend.ts';
import { batches } from '../batches.ts';
import { criContext } from '../context.ts';
import { required, requiredText } from '../field.ts';
import { imageFsInfo } from './file-system.ts';
import { imageInfo, type ImageLook, imageItem } from './image.ts';
import { pullImage } from './pull.ts';

/** All methods of the ImageService. An image is its config's digest, here and in every container's status. */
export function imageHandlers(backend: CriBackend): RpcHandlers<typeof ImageService> {
  const { images, facts } = backend;
  const look: ImageLook = { pauseImage: facts.pauseImage };
  return {
    async listImages(call, { filter }) {
      return { images: (await filtered(backend, criContext(call), filter)).map((image) => imageItem(image, look)) };
    },
    async *streamImages(call, { filter }) {
      for (const part of batches(await filtered(backend, criContext(call), filter)))
        yield { images: part.map((image) => imageItem(image, look)) };
    },
    async imageStatus(call, { image: spec, verbose }) {
      const image = await images.find(criContext(call), imageRef(spec));
      if (image === undefined) return {};
      return { image: imageItem(image, look), info: verbose ? await imageInfo(image) : {} };
    },
    async pullImage(call, request) {
      return { imageRef: await pullImage(backend, criContext(call), { ...request, ref: imageRef(request.image) }) };
    },
    async removeImage(call, { image }) {
      await images.remove(criContext(call), imageRef(image));
      return {};
    },
    imageFsInfo: async () => imageFsInfo(backend),
  };
}

async function filtered(
  { images }: CriBackend,
  context: CallContext,
  filter: wire.ImageFilter | undefined,
): Promise<readonly HostImage[]> {
  const ref = filter?.image?.image ?? '';
  if (ref === '') return await images.list(context);
  const image = await images.find(context, ref);
  return image === undefined ? [] : [image];
}

function imageRef(spec: wire.ImageSpec | undefined): string {
  return requiredText(required(spec, 'image').image, 'image.image');
}
