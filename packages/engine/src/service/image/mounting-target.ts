import type { CallContext } from '@berth/model/context';
import type { Reference } from '@berth/model/reference';
import type { ImageTarget } from '@berth/image/medium/medium';
import type { ImageBackend } from './backend.ts';
import { knownRepositories } from './source-label.ts';

/** Each costs a request, and the first one nearly always has the blob. */
const mostTries = 3;

export interface MountingOptions {
  readonly target: ImageTarget;
  readonly reference: Pick<Reference, 'domain' | 'path'>;
}

/** A target in a registry that is told of the repositories there from which a blob once came: it mounts it from one. */
export function mountingTarget(
  backend: ImageBackend,
  context: CallContext,
  { target, reference: { domain, path } }: MountingOptions,
): ImageTarget {
  return {
    title: target.title,
    abilities: target.abilities,
    async has(descriptor, hints) {
      const known = await knownRepositories(backend.content, context, { digest: descriptor.digest, host: domain });
      const others = known.filter((repository) => repository !== path).slice(0, mostTries);
      if (others.length === 0) return await target.has(descriptor, hints);
      for (const other of others) {
        if (await target.has(descriptor, { ...hints, origin: { domain, path: other } })) return true;
      }
      return false;
    },
    putBlob: (descriptor, source, hints) => target.putBlob(descriptor, source, hints),
    putDocument: (descriptor, bytes, signal) => target.putDocument(descriptor, bytes, signal),
    publish: (image, signal) => target.publish(image, signal),
    ...(target.finish === undefined ? {} : { finish: (signal: AbortSignal) => target.finish!(signal) }),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}
