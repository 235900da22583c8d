import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import { chainIds } from '@berth/image/layer/chain-id';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { HistoryStep } from './contract.ts';
import type { PlatformImage } from './documents.ts';
import { isDangling } from './labels.ts';

/** The steps of an image's config, the newest first, with the size of the layer that each one made. */
export async function imageHistory(
  backend: ImageBackend,
  context: CallContext,
  { image, records }: { readonly image: PlatformImage; readonly records: readonly ImageRecord[] },
): Promise<readonly HistoryStep[]> {
  const { config } = image;
  const chain = chainIds(config.rootfs.diff_ids);
  let layer = 0;
  const steps: HistoryStep[] = [];
  for (const { created, created_by: createdBy = '', comment = '', empty_layer: isEmpty } of config.history ?? []) {
    const key = isEmpty === true ? undefined : chain[layer++];
    const size = key === undefined ? 0 : await unpackedSize(backend, context, key);
    steps.unshift({ createdAt: Date.parse(created ?? '') || 0, createdBy, comment, size, names: [] });
  }
  // Layers that the history does not tell of are there all the same.
  for (; layer < chain.length; layer++) {
    const size = await unpackedSize(backend, context, chain[layer]!);
    steps.unshift({ createdAt: Date.parse(config.created ?? '') || 0, createdBy: '', comment: '', size, names: [] });
  }
  const [newest, ...older] = steps;
  if (newest === undefined) return [];
  const names = records.map(({ name }) => name).filter((name) => !isDangling(name));
  return [{ ...newest, id: records[0]?.target.digest ?? image.descriptor.digest, names }, ...older];
}

/** 0 for a layer that is not unpacked. */
async function unpackedSize(backend: ImageBackend, context: CallContext, key: string): Promise<number> {
  try {
    return (await backend.snapshots.usage(context, key)).bytes;
  } catch (error) {
    if (isKind(error, 'not_found')) return 0;
    throw error;
  }
}
