import { statSync } from 'node:fs';
import type { CallContext, Log } from '@berth/model/context';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import type { LocalContentStore } from './local-content.ts';

export interface BlobCheck {
  readonly local: LocalContentStore;
  readonly metadata: SqliteMetadata;
  readonly context: CallContext;
  readonly log: Log;
}

/** Files that a crash left without a record go. One listing: cheap enough for every start. */
export async function sweepBlobFiles({ local, metadata, context, log }: BlobCheck): Promise<void> {
  const known = new Set(metadata.read((tx) => tx.blobs.all()).map(({ digest }) => digest));
  for await (const { digest, size } of local.list(context)) {
    if (known.has(digest)) continue;
    log.info('removing content that was not recorded', { digest, size });
    await local.evict(digest);
  }
}

/** After the machine went down: records whose file is missing or has another size go, so that it is fetched again. */
export async function dropLostBlobs({ local, metadata, log }: BlobCheck): Promise<void> {
  const rows = metadata.read((tx) => tx.blobs.all());
  for (const { scope, digest, size } of rows) {
    const found = statSync(local.blobPath(digest), { throwIfNoEntry: false });
    if (found?.size === size) continue;
    log.error('content is lost: it will be fetched again', { digest, size, found: found?.size });
    await metadata.write((tx) => tx.blobs.delete(scope, digest));
  }
}
