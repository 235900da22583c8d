import type { CallContext } from '@berth/model/context';
import type { ImageBackend } from './backend.ts';
import { diskError } from './disk-error.ts';

/**
 * For a call that failed, once its lease is gone: takes away what was stored under it, and gives the error in words when
 * it was the disk's. Downloads that were cut off stay, to be taken up.
 */
export async function afterFailure(backend: ImageBackend, context: CallContext, error: unknown): Promise<unknown> {
  try {
    await backend.collector.collect();
  } catch (cause) {
    // On a full disk, say. The next collection takes it.
    context.log.warn('what a failed call has left is not collected yet', { error: String(cause) });
  }
  return diskError(backend.root, error);
}
