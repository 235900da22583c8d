import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { Labels } from '#store/content';
import type { ImageBackend } from './backend.ts';

/**
 * The labels of a blob that is there. Written only where they differ: nearly every container is made of an image that has
 * long had them, and each write is a sync to the disk. @throws not_found
 */
export async function ensureLabels(
  { content }: Pick<ImageBackend, 'content'>,
  context: CallContext,
  { digest, labels }: { readonly digest: Digest; readonly labels: Labels },
): Promise<void> {
  const { labels: known } = await content.info(context, digest);
  const isSo = Object.entries(labels).every(([label, value]) => known[label] === value);
  if (!isSo) await content.label(context, digest, labels);
}
