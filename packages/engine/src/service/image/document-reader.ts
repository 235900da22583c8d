import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { ImageSource } from '@berth/image/medium/medium';
import type { ImageBackend } from './backend.ts';
import { documentLimit, type ReadDocument } from './documents.ts';
import { dropIngest, openIngest } from './open-ingest.ts';

/**
 * Reads documents from the content store, where they are fetched to first when they are not there: none is fetched
 * twice, and what was read stays under the caller's lease.
 */
export function documentReader(backend: ImageBackend, context: CallContext, source: ImageSource): ReadDocument {
  const known = new Set<Digest>();
  return async (descriptor) => {
    const { digest, size } = descriptor;
    if (size > documentLimit) {
      throw new BerthError('resource_exhausted', `${digest} has ${size} bytes: more than documents may have`, {
        code: 'document_too_large',
      });
    }
    if (!known.has(digest)) {
      await backend.turns.run(digest, context.signal, async () => {
        await using ingest = await openIngest(backend, context, descriptor);
        if (ingest === undefined) return;
        try {
          const bytes = await source.document(descriptor, context.signal);
          if (ingest.offset > 0) await ingest.truncate(0);
          await ingest.write(bytes);
          await ingest.commit(context, descriptor);
        } catch (error) {
          await dropIngest(backend, context, ingest);
          throw error;
        }
      });
      known.add(digest);
    }
    return await backend.content.readAll(context, digest, documentLimit);
  };
}
