import type { CallContext } from '@berth/model/context';
import { shortId } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { amountOf } from '@berth/image/layer/shared-progress';
import type { SourceBlob } from '@berth/image/medium/medium';
import type { Ingest, Labels } from '#store/content';
import type { ImageBackend } from './backend.ts';
import type { Progress } from './contract.ts';
import { prepareDownload } from './download.ts';
import { dropIngest, isUseless, openIngest } from './open-ingest.ts';

/** Puts a document into the content store with these labels; one that is there already only takes the labels. */
export async function storeBytes(
  backend: ImageBackend,
  context: CallContext,
  { descriptor, bytes, labels }: StoredBytes,
): Promise<void> {
  await backend.turns.run(descriptor.digest, context.signal, async () => {
    await using ingest = await openIngest(backend, context, descriptor);
    if (ingest === undefined) return await addLabels(backend, context, descriptor, labels);
    if (ingest.offset > 0) await ingest.truncate(0);
    await ingest.write(bytes);
    await ingest.commit(context, descriptor, { labels });
  });
}

export interface StoredBytes {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly labels: Labels;
}

/** The same for bytes that come from elsewhere; what an earlier try has brought is not fetched again. */
export async function storeBlob(backend: ImageBackend, context: CallContext, blob: StoredBlob): Promise<void> {
  const { descriptor, labels, progress } = blob;
  const id = shortId(descriptor.digest);
  await backend.turns.run(descriptor.digest, context.signal, async () => {
    for (;;) {
      await using ingest = await openIngest(backend, context, descriptor);
      if (ingest === undefined) {
        await addLabels(backend, context, descriptor, labels);
        return progress({ id, status: 'already there' });
      }
      try {
        await fill(backend, context, ingest, blob);
        return progress({ id, status: 'done' });
      } catch (error) {
        // A power cut may have taken what an earlier try had brought: once more, from the start.
        if (!isKind(error, 'data_loss') || ingest.offset === 0 || context.signal.aborted) throw error;
      }
    }
  });
}

export interface StoredBlob {
  readonly descriptor: Descriptor;
  readonly source: SourceBlob;
  readonly labels: Labels;
  readonly progress: Progress;
}

/** The store itself reads what was written and verifies it. */
async function fill(backend: ImageBackend, context: CallContext, ingest: Ingest, blob: StoredBlob): Promise<void> {
  const { descriptor, source, labels, progress } = blob;
  const { digest, size } = descriptor;
  const download = await prepareDownload(ingest, descriptor, source);
  const onProgress = (current: number): void =>
    progress({ id: shortId(digest), status: 'downloading', current, total: size });
  const run = (): Promise<void> => download.run({ signal: context.signal, onProgress });
  try {
    await (source.file === undefined ? backend.downloads.run(context.signal, run) : run());
    await ingest.commit(context, descriptor, { labels });
  } catch (error) {
    const received = source.file === undefined ? amountOf(download.growth) : 0;
    // Another blob's failure says nothing of these bytes.
    if (isUseless(context.signal.aborted ? undefined : error, received)) await dropIngest(backend, context, ingest);
    throw error;
  }
}

async function addLabels(
  backend: ImageBackend,
  context: CallContext,
  { digest }: Descriptor,
  labels: Labels,
): Promise<void> {
  if (Object.keys(labels).length > 0) await backend.content.label(context, digest, labels);
}
