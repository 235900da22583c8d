import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import type { ContentStore } from '#store/content';
import type { Collector, Holder, MetadataStore } from '#store/metadata';
import type { CollectionService, ExplainedBlob } from './contract.ts';

export interface CollectionBackend {
  readonly content: ContentStore;
  readonly collector: Collector;
  readonly metadata: MetadataStore;
}

export function createCollectionService(backend: CollectionBackend): CollectionService {
  const { collector } = backend;
  return {
    async collect() {
      const { blobs, snapshots, bytes } = await collector.collect();
      return { blobs, snapshots, freed: bytes };
    },
    async explain(context, ref) {
      const digests = await meant(backend, context, ref);
      return digests.map((digest): ExplainedBlob => ({ digest, holders: sorted(collector.whatHolds(digest)) }));
    },
  };
}

const order: readonly Holder['kind'][] = ['image', 'container', 'lease', 'label'];

function sorted(holders: readonly Holder[]): Holder[] {
  return holders.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || (textOf(a) < textOf(b) ? -1 : 1));
}

function textOf({ namespace, name }: Holder): string {
  return `${namespace} ${name}`;
}

/** A digest, the start of one, or an image's name, in this order: names of hexadecimal digits are rare. */
async function meant(backend: CollectionBackend, context: CallContext, ref: string): Promise<readonly Digest[]> {
  const start = /^(?:(sha256|sha512):)?([0-9a-f]{3,128})$/.exec(ref);
  if (start !== null) {
    const found = await startingWith(backend, context, { algorithm: start[1], hex: start[2] ?? '' });
    if (found.length === 1) return found;
    if (found.length > 1) throw ambiguous(ref);
  }
  const target = imageTarget(backend, context, ref);
  if (target !== undefined) return await below(backend, context, target);
  if (start !== null) {
    throw new BerthError('not_found', `no content ${ref} in namespace ${context.namespace}`, {
      code: 'no_such_content',
    });
  }
  throw new BerthError('not_found', `no such image: ${ref}`, {
    code: 'no_such_image',
    hint: 'give a digest, the start of one, or the name of an image (berth images lists them)',
  });
}

interface Start {
  readonly algorithm: string | undefined;
  readonly hex: string;
}

async function startingWith(
  { content }: CollectionBackend,
  context: CallContext,
  { algorithm, hex }: Start,
): Promise<Digest[]> {
  const found: Digest[] = [];
  for await (const { digest } of content.list(context)) {
    const at = digest.indexOf(':');
    if ((algorithm === undefined || digest.startsWith(algorithm)) && digest.startsWith(hex, at + 1)) found.push(digest);
  }
  return found;
}

function imageTarget({ metadata }: CollectionBackend, { namespace }: CallContext, ref: string): Digest | undefined {
  const record = metadata.read((tx) => tx.images.get(namespace, ref) ?? tx.images.get(namespace, familiar(ref)));
  return record?.target.digest;
}

/** The full name behind a familiar one; what is no name stays as it is. */
function familiar(ref: string): string {
  try {
    return parseReference(ref).name;
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return ref;
    throw error;
  }
}

/** The blob and all that it names by its labels, as far as it is here. */
async function below({ content }: CollectionBackend, context: CallContext, target: Digest): Promise<Digest[]> {
  const found = new Set<Digest>([target]);
  // The set grows while it is walked.
  for (const digest of found) {
    for (const [label, value] of Object.entries(await labelsOf(content, context, digest))) {
      if (label.startsWith('containerd.io/gc.ref.content')) found.add(value as Digest);
    }
  }
  return [...found];
}

async function labelsOf(
  content: ContentStore,
  context: CallContext,
  digest: Digest,
): Promise<Readonly<Record<string, string>>> {
  try {
    return (await content.info(context, digest)).labels;
  } catch (error) {
    if (isKind(error, 'not_found')) return {};
    throw error;
  }
}

function ambiguous(ref: string): BerthError {
  return new BerthError('invalid_argument', `the digests of several blobs start with ${ref}`, {
    code: 'ambiguous_id',
    hint: 'give more characters',
  });
}
