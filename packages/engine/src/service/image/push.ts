import { type CallContext, withLease } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { type Descriptor, parseIndex } from '@berth/model/manifest';
import { isIndexType } from '@berth/model/media-type';
import { formatPlatform, isAttestation, normalPlatform } from '@berth/model/platform';
import { parseReference, type Reference, repositoryOf } from '@berth/model/reference';
import { copyImages } from '@berth/image/copy/copy';
import { leaves, readTree } from '@berth/image/copy/tree';
import type { ImageTarget } from '@berth/image/medium/medium';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { Progress, PushedImage, PushOptions } from './contract.ts';
import { documentsOf, reachableBlobs } from './documents.ts';
import { absentPlatform, isHere, keepContent } from './kept-content.ts';
import { mountingTarget } from './mounting-target.ts';
import { sourceLabel } from './source-label.ts';
import { hasBlob, storeSource } from './store-source.ts';

export interface PushJob {
  readonly openTarget: (reference: Reference) => ImageTarget;
  readonly reference: Reference;
  readonly options: PushOptions;
  readonly progress: Progress;
}

/** Sends an image, or with `allTags` every one of a repository, to the registry that its name says. */
export async function pushImages(backend: ImageBackend, context: CallContext, job: PushJob): Promise<PushedImage> {
  await using lease = await backend.leases.create(context.namespace);
  const leased = withLease(context, lease.id);
  const images: PushedImage['images'][number][] = [];
  for (const record of recordsOf(backend, context, job)) images.push(await pushOne(backend, leased, job, record));
  return { images };
}

function recordsOf(backend: ImageBackend, { namespace }: CallContext, { reference, options }: PushJob): ImageRecord[] {
  if (reference.digest !== undefined) {
    throw new BerthError('invalid_argument', `cannot push ${reference.name}: it has a digest`, {
      code: 'bad_reference',
      hint: 'give it a tag with berth tag, and push that',
    });
  }
  const all = backend.metadata.read((tx) => tx.images.list(namespace));
  const repository = repositoryOf(reference);
  const records = all.filter(({ name }) =>
    options.allTags === true ? name.startsWith(`${repository}:`) && !name.includes('@') : name === reference.name,
  );
  if (records.length > 0) return records;
  const what = options.allTags === true ? `image of ${repository}` : `image: ${reference.name}`;
  throw new BerthError('not_found', `no such ${what}`, {
    code: 'no_such_image',
    hint: 'berth images lists what is here; berth tag gives an image the name of another registry',
  });
}

async function pushOne(
  backend: ImageBackend,
  context: CallContext,
  { openTarget, options, progress }: PushJob,
  { name, target }: ImageRecord,
): Promise<PushedImage['images'][number]> {
  const reference = parseReference(name);
  const { platforms = 'all' } = options;
  if (platforms === 'all') await checkComplete(backend, context, { name, target });
  const source = storeSource(backend, context, { title: `image ${name}`, images: [{ names: [name], target }] });
  try {
    const tree = await readTree(source, target, { platforms, signal: context.signal });
    const blobs = leaves(tree).flatMap(({ descriptor, manifest }) => [descriptor, manifest.config, ...manifest.layers]);
    const present = await presentOf(backend, context, blobs);
    await keepContent(backend, context, [target, ...present]);
    await using registry = mountingTarget(backend, context, { target: openTarget(reference), reference });
    const copy = { signal: context.signal, platforms, onProgress: progress } as const;
    const result = await copyImages(source, registry, copy);
    await rememberSource(backend, context, { blobs: present, reference });
    backend.events.publish({ type: 'image', action: 'push', id: target.digest, attributes: { name } });
    return { name, target: result.images[0]?.digest ?? target.digest };
  } catch (error) {
    if (platforms === 'all' || !isKind(error, 'not_found') || error.code !== 'no_such_content') throw error;
    throw absentPlatform(name, platforms, error);
  }
}

async function presentOf(
  backend: ImageBackend,
  context: CallContext,
  blobs: readonly Descriptor[],
): Promise<Descriptor[]> {
  const present: Descriptor[] = [];
  for (const blob of blobs) if (await hasBlob(backend, context, blob.digest)) present.push(blob);
  return present;
}

/** The next push to another repository of this registry mounts them from here. */
async function rememberSource(
  backend: ImageBackend,
  context: CallContext,
  { blobs, reference }: { readonly blobs: readonly Descriptor[]; readonly reference: Reference },
): Promise<void> {
  for (const { digest } of blobs) {
    const label = await sourceLabel(backend.content, context, { digest, origin: reference });
    if (Object.keys(label).length > 0) await backend.content.label(context, digest, label);
  }
}

/** An index promises all that it names: sent in part it would fail for whoever pulls another platform. */
async function checkComplete(
  backend: ImageBackend,
  context: CallContext,
  { name, target }: Pick<ImageRecord, 'name' | 'target'>,
): Promise<void> {
  if (!isIndexType(target.mediaType)) return;
  const read = documentsOf(backend.content, context);
  const missing: Descriptor[] = [];
  const there: Descriptor[] = [];
  for (const child of parseIndex(await read(target), `index ${target.digest}`).manifests) {
    const blobs = await reachableBlobs(read, child);
    const all = await Promise.all([...blobs.values()].map((blob) => isHere(backend, context, blob)));
    (all.every(Boolean) ? there : missing).push(child);
  }
  if (missing.length > 0) throw incomplete(name, missing, there);
}

function incomplete(name: string, missing: readonly Descriptor[], there: readonly Descriptor[]): BerthError {
  const names = (children: readonly Descriptor[]): string[] => [...new Set(children.map(nameOf))];
  const here = names(there.filter((child) => child.platform !== undefined && !isAttestation(child)));
  return new BerthError('failed_precondition', `image ${name} is not here for ${names(missing).join(', ')}`, {
    code: 'incomplete_index',
    hint:
      here.length === 0
        ? `berth pull --platform all ${name} brings all of it`
        : `push what is here with --platform ${here.join(',')}, or bring the rest with berth pull --platform all ${name}`,
  });
}

function nameOf(child: Descriptor): string {
  if (isAttestation(child)) return 'attestations';
  return child.platform === undefined ? child.digest : formatPlatform(normalPlatform(child.platform));
}
