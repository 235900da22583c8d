import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { formatPlatform, type Platform } from '@berth/model/platform';
import { isForeign } from '@berth/image/copy/blob-mover';
import type { ImageBackend } from './backend.ts';
import { dropIngest, openIngest } from './open-ingest.ts';
import { hasBlob } from './store-source.ts';

/** Puts blobs under the caller's lease: what is on its way out stays, whoever removes the image meanwhile. */
export async function keepContent(
  backend: ImageBackend,
  context: CallContext,
  blobs: readonly Descriptor[],
): Promise<void> {
  for (const blob of blobs) {
    await using ingest = await openIngest(backend, context, blob);
    if (ingest === undefined) continue;
    if (ingest.offset === 0) await dropIngest(backend, context, ingest);
    throw missingContent(blob.digest);
  }
}

/** Whether a blob is here, or one that only its maker hands out. */
export async function isHere(backend: ImageBackend, context: CallContext, blob: Descriptor): Promise<boolean> {
  return isForeign(blob) || (await hasBlob(backend, context, blob.digest));
}

export function missingContent(digest: Digest): BerthError {
  return new BerthError('not_found', `some content of ${digest} is not here`, {
    code: 'no_such_content',
    hint: 'pull the image again, or choose another --platform',
  });
}

/** An index names a platform that was asked for, and its content was not brought. */
export function absentPlatform(ref: string, platforms: readonly Platform[], cause: unknown): BerthError {
  const names = platforms.map(formatPlatform);
  return new BerthError('not_found', `image ${ref} is not here for ${names.join(', ')}`, {
    code: 'no_such_platform',
    hint: `berth pull --platform ${names.join(',')} ${ref} brings it`,
    cause,
  });
}
