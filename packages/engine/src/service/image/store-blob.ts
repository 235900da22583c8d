import { open } from 'node:fs/promises';
import type { CallContext } from '@berth/model/context';
import type { Descriptor } from '@berth/model/manifest';
import type { Ingest, Labels } from '#store/content';
import type { ImageBackend } from './backend.ts';
import { openIngest } from './unpack.ts';

/** Where a blob's bytes are: in memory, or a part of a file. */
export type BlobSource =
  | { readonly size: number; readonly bytes: Uint8Array }
  | { readonly size: number; readonly path: string; readonly offset: number };

const chunkSize = 1 << 20;

/** Puts a blob into the content store with these labels; one that is there already only takes the labels. */
export async function storeBlob(backend: ImageBackend, context: CallContext, blob: StoredBlob): Promise<void> {
  await backend.turns.run(blob.descriptor.digest, context.signal, () => store(backend, context, blob));
}

export interface StoredBlob {
  readonly descriptor: Descriptor;
  readonly source: BlobSource;
  readonly labels: Labels;
}

async function store(
  backend: ImageBackend,
  context: CallContext,
  { descriptor, source, labels }: StoredBlob,
): Promise<void> {
  await using ingest = await openIngest(backend, context, descriptor);
  if (ingest === undefined) {
    if (Object.keys(labels).length > 0) await backend.content.label(context, descriptor.digest, labels);
    return;
  }
  if (ingest.offset > 0) await ingest.truncate(0);
  if ('bytes' in source) await ingest.write(source.bytes);
  else await copyFile(source, ingest, context.signal);
  await ingest.commit(context, descriptor, { labels });
}

async function copyFile(
  { path, offset, size }: { readonly path: string; readonly offset: number; readonly size: number },
  ingest: Ingest,
  signal: AbortSignal,
): Promise<void> {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafe(Math.min(size, chunkSize));
  for (let done = 0; done < size;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - done), offset + done);
    // The commit tells that the blob is short.
    if (bytesRead === 0) return;
    await ingest.write(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
}
