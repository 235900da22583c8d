import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { ReadyImage } from '#service/image/contract';
import type { PodParts } from './backend.ts';

/** The image whose program holds the namespaces, fetched when it is not here; undefined: the engine's own is used. */
export async function pauseImageOf(
  { containers, transfers, settings }: PodParts,
  context: CallContext,
): Promise<ReadyImage | undefined> {
  const { pauseImage } = settings;
  if (pauseImage === '') return undefined;
  try {
    return await containers.images.ready(context, pauseImage);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
    await transfers.pull(context, pauseImage, {}, () => undefined);
    return await containers.images.ready(context, pauseImage);
  }
}
