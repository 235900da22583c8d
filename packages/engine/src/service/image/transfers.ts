import { createHash } from 'node:crypto';
import type { CallContext } from '@berth/model/context';
import { withSignal } from '@berth/model/context';
import { formatPlatform, normalPlatform } from '@berth/model/platform';
import { parseReference, type Reference } from '@berth/model/reference';
import type { ImageTarget } from '@berth/image/medium/medium';
import { openRegistryTarget } from '@berth/image/medium/registry/target';
import type { Credentials, CredentialSource, RegistryClient } from '@berth/image/registry/contract';
import type { ImageBackend } from './backend.ts';
import type { ImageTransfers, PulledImage, PullOptions } from './contract.ts';
import { shareGroupName } from './name-change.ts';
import { pullImage } from './pull.ts';
import { pushImages } from './push.ts';
import { saveImages } from './save.ts';
import { SharedRuns } from './shared-runs.ts';

export interface TransferOptions {
  readonly openRegistry: (credentials: CredentialSource) => RegistryClient;
  /** What the daemon itself knows; used where a call brings none. */
  readonly credentials: CredentialSource;
}

export function createImageTransfers(backend: ImageBackend, options: TransferOptions): ImageTransfers {
  const pulls = new SharedRuns<PulledImage>();
  const open = (host: string, own: Credentials | undefined): RegistryClient =>
    options.openRegistry(own === undefined ? options.credentials : onlyFor(host, own, options.credentials));
  return {
    async pull(context, ref, pull, progress) {
      const reference = parseReference(ref);
      const key = pullKey(backend, context, { ref: reference.name, pull });
      return await pulls.join(key, { signal: context.signal, progress }, async (signal, tell) => {
        await using registry = open(reference.domain, pull.credentials);
        const shared = withSignal(context, signal);
        return await pullImage(backend, shared, { registry, reference, options: pull, progress: tell });
      });
    },
    async push(context, ref, push, progress) {
      const reference = parseReference(ref);
      await using registry = open(reference.domain, push.credentials);
      const openTarget = (to: Reference): ImageTarget => openRegistryTarget(registry, to);
      return await pushImages(backend, context, { openTarget, reference, options: push, progress });
    },
    save: (context, refs, save) => saveImages(backend, context, { refs, options: save }),
  };
}

/** What a call brought for the registry that it names is sent nowhere else. */
function onlyFor(host: string, own: Credentials, others: CredentialSource): CredentialSource {
  return async (asked) => (asked === host ? own : await others(asked));
}

/** Pulls with the same key do the same thing with the same rights. */
function pullKey(
  backend: ImageBackend,
  { namespace }: CallContext,
  { ref, pull }: { readonly ref: string; readonly pull: PullOptions },
): string {
  const { platforms, credentials, allTags } = pull;
  const wanted =
    typeof platforms === 'string' ? platforms : platforms?.map((one) => formatPlatform(normalPlatform(one)));
  const who = credentials === undefined ? '' : createHash('sha256').update(JSON.stringify(credentials)).digest('hex');
  const group = backend.metadata.read((tx) => shareGroupName(tx, namespace));
  return JSON.stringify([group, ref, wanted ?? 'host', who, allTags === true]);
}
