import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { isReference, parseReference, repositoryOf as storedRepository } from '@berth/model/reference';
import type { ImageRecord, ReadTransaction } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import { repositoryOf } from './image-names.ts';
import { isDangling } from './labels.ts';

/** What a reference means: the name that was given, if one was, and all records of the same target. */
export interface FoundImage {
  readonly named: ImageRecord | undefined;
  readonly records: readonly [ImageRecord, ...ImageRecord[]];
}

/**
 * What a config's whole digest means where several targets lead to it: nothing can be done to one of them, but any of them
 * can be run.
 */
type SameConfig = 'ambiguous' | 'any';

/** By indexes only: no document is read. @throws not_found (`no_such_image`), invalid_argument (`ambiguous_id`) */
export async function findImage(
  backend: ImageBackend,
  context: CallContext,
  ref: string,
  sameConfig: SameConfig = 'ambiguous',
): Promise<FoundImage> {
  const found = backend.metadata.read((tx) => findIn(tx, context.namespace, ref, sameConfig));
  if (found !== undefined) return found;
  throw new BerthError('not_found', `no such image: ${ref}`, {
    code: 'no_such_image',
    hint: 'berth images lists what is here; berth load -i FILE brings an image',
  });
}

function findIn(tx: ReadTransaction, namespace: string, ref: string, sameConfig: SameConfig): FoundImage | undefined {
  const named = tx.images.get(namespace, ref) ?? byFamiliarName(tx, namespace, ref);
  const [first, ...others] = named === undefined ? unnamed(tx, namespace, ref, sameConfig) : all(tx, named);
  return first === undefined ? undefined : { named, records: [first, ...others] };
}

function byFamiliarName(tx: ReadTransaction, namespace: string, ref: string): ImageRecord | undefined {
  try {
    return tx.images.get(namespace, parseReference(ref).name);
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return undefined;
    throw error;
  }
}

function all(tx: ReadTransaction, { namespace, target }: ImageRecord): ImageRecord[] {
  return tx.images.byTarget(namespace, target.digest);
}

function unnamed(tx: ReadTransaction, namespace: string, ref: string, sameConfig: SameConfig): ImageRecord[] {
  const records = byRepositoryDigest(tx, namespace, ref);
  return records.length > 0 ? records : byId(tx, namespace, ref, sameConfig);
}

/**
 * `app@sha256:...` is an image also when it was brought by a tag, as long as it has a name of that repository, or has lost
 * all names.
 */
function byRepositoryDigest(tx: ReadTransaction, namespace: string, ref: string): ImageRecord[] {
  if (!ref.includes('@') || !isReference(ref)) return [];
  const reference = parseReference(ref);
  const records = tx.images.byTarget(namespace, reference.digest ?? '');
  const isOf = ({ name }: ImageRecord): boolean => repositoryOf(name) === storedRepository(reference);
  return records.some(isOf) || records.every(({ name }) => isDangling(name)) ? records : [];
}

/** By the start of the target's digest, or of a config's, as the other doors call an image. */
function byId(tx: ReadTransaction, namespace: string, ref: string, sameConfig: SameConfig): ImageRecord[] {
  const hex = /^(?:sha256:)?([0-9a-f]{3,64})$/.exec(ref)?.[1];
  if (hex === undefined) return [];
  const start = `sha256:${hex}`;
  const byTarget = tx.images.byTarget(namespace, start);
  const records = byTarget.length > 0 ? byTarget : tx.images.byConfig(namespace, start);
  const ofFirst = records.filter(({ target }) => target.digest === records[0]?.target.digest);
  if (ofFirst.length === records.length || (sameConfig === 'any' && hex.length === 64)) return ofFirst;
  throw new BerthError('invalid_argument', `several images have ids that start with ${ref}`, {
    code: 'ambiguous_id',
    hint: 'give more characters of the id',
  });
}
