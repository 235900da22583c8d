import { type CallContext, withLease } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { familiarName, parseReference, type Reference } from '@berth/model/reference';
import type { ImageSource } from '@berth/image/medium/medium';
import { openRegistrySource } from '@berth/image/medium/registry/source';
import type { RegistryClient } from '@berth/image/registry/contract';
import { afterFailure } from './after-failure.ts';
import type { ImageBackend } from './backend.ts';
import { bringImage } from './bring-image.ts';
import type { Progress, PulledImage, PullOptions } from './contract.ts';
import { moveName } from './name-change.ts';

export interface PullJob {
  readonly registry: RegistryClient;
  readonly reference: Reference;
  readonly options: PullOptions;
  readonly progress: Progress;
}

/** Brings an image, or with `allTags` every one of a repository, and names it when all of it is there. */
export async function pullImage(backend: ImageBackend, context: CallContext, job: PullJob): Promise<PulledImage> {
  try {
    await using lease = await backend.leases.create(context.namespace);
    const leased = withLease(context, lease.id);
    const images: PulledImage['images'][number][] = [];
    for await (const reference of references(leased, job)) {
      images.push(await pullOne(backend, leased, { ...job, reference }));
    }
    return { images };
  } catch (error) {
    throw await afterFailure(backend, context, error);
  }
}

async function* references(
  { signal }: CallContext,
  { registry, reference, options }: PullJob,
): AsyncGenerator<Reference> {
  if (options.allTags !== true) return yield reference;
  if (reference.digest !== undefined) {
    throw new BerthError('invalid_argument', `all tags of ${reference.name} cannot be meant: it has a digest`, {
      code: 'bad_reference',
    });
  }
  const { domain, path } = reference;
  for await (const tag of registry.repository({ domain, path }).tags(signal)) {
    yield parseReference(`${domain}/${path}:${tag}`);
  }
}

async function pullOne(
  backend: ImageBackend,
  context: CallContext,
  { registry, reference, options, progress }: PullJob,
): Promise<PulledImage['images'][number]> {
  const { name } = reference;
  await using source = openRegistrySource(registry, reference);
  const target = await resolveTarget(source, reference, context.signal);
  await bringImage(backend, context, source, { target, options: { wanted: options.platforms, progress } });
  context.signal.throwIfAborted();
  const before = await backend.metadata.write((tx) => {
    const record = tx.images.get(context.namespace, name);
    moveName(tx, context.namespace, name, target);
    return record;
  });
  backend.events.publish({ type: 'image', action: 'pull', id: target.digest, attributes: { name } });
  const isNew = before?.target.digest !== target.digest;
  progress({ id: familiarName(name), status: isNew ? 'pulled' : 'up to date' });
  return { name, target: target.digest, isNew };
}

/** @throws data_loss (`digest_mismatch`) when the registry names another image than was asked for */
async function resolveTarget(source: ImageSource, reference: Reference, signal: AbortSignal): Promise<Descriptor> {
  const [image] = await source.images(signal);
  if (image === undefined) throw new BerthError('not_found', `${source.title} is not there`, { code: 'no_such_image' });
  const { target } = image;
  if (reference.digest === undefined || reference.digest === target.digest) return target;
  throw new BerthError(
    'data_loss',
    `${reference.domain} answers ${target.digest} when it is asked for ${reference.name}`,
    { code: 'digest_mismatch' },
  );
}
