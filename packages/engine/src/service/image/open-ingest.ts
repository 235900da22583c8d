import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { Ingest } from '#store/content';
import type { ImageBackend } from './backend.ts';
import { isDiskFull } from './disk-error.ts';

/**
 * Pulls and loads take turns; who may hold a blob besides is an upload by the registry's door. It ends, or lets go of
 * what it has seconds after its client's last word. Both in ms.
 */
const uploadPatience = 60_000;
const uploadPause = 100;

/**
 * The one writer of a blob, at the bytes that an earlier one has left. Undefined when the blob is there already; then
 * it is in this namespace and under this lease too.
 */
export async function openIngest(
  backend: ImageBackend,
  context: CallContext,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
): Promise<Ingest | undefined> {
  for (const deadline = Date.now() + uploadPatience; ; await sleep(uploadPause)) {
    context.signal.throwIfAborted();
    try {
      return await backend.content.ingest(context, `blob-${digest}`, { digest, size });
    } catch (error) {
      if (isKind(error, 'already_exists')) return undefined;
      const isHeld = isKind(error, 'unavailable') && error.code === 'ingest_held';
      if (!isHeld || Date.now() > deadline) throw error;
    }
  }
}

/**
 * Whether what a failed transfer has left is of no use to the next one: bytes that are wrong, none at all, or bytes that
 * fill up a disk, where they hurt everybody else.
 */
export function isUseless(error: unknown, received: number): boolean {
  return received === 0 || isKind(error, 'data_loss') || isDiskFull(error);
}

/** Gives up the bytes of a writer that were of no use. */
export async function dropIngest(backend: ImageBackend, context: CallContext, { ref }: Ingest): Promise<void> {
  try {
    await backend.content.abort(context, ref);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}
