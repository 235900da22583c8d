import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import type { ImageRecord } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import { documentsOf, presentImages } from './documents.ts';

/** What a reference means: the name that was given, if one was, and all records of the same target. */
export interface FoundImage {
  readonly named: ImageRecord | undefined;
  readonly records: readonly [ImageRecord, ...ImageRecord[]];
}

/** @throws not_found (`no_such_image`), invalid_argument (`ambiguous_id`) */
export async function findImage(backend: ImageBackend, context: CallContext, ref: string): Promise<FoundImage> {
  const all = backend.metadata.read((tx) => tx.images.list(context.namespace));
  const named = byName(all, ref);
  const target = named?.target.digest ?? (await targetById(backend, context, { all, ref }));
  const [first, ...others] = all.filter((record) => record.target.digest === target);
  if (first !== undefined) return { named, records: [first, ...others] };
  throw new BerthError('not_found', `no such image: ${ref}`, {
    code: 'no_such_image',
    hint: 'berth images lists what is here; berth load -i FILE brings an image',
  });
}

function byName(all: readonly ImageRecord[], ref: string): ImageRecord | undefined {
  const exact = all.find((record) => record.name === ref);
  if (exact !== undefined) return exact;
  try {
    const { name } = parseReference(ref);
    return all.find((record) => record.name === name);
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return undefined;
    throw error;
  }
}

/** By the start of the target's digest, or of a config's, as the other doors call an image. */
async function targetById(
  backend: ImageBackend,
  context: CallContext,
  { all, ref }: { readonly all: readonly ImageRecord[]; readonly ref: string },
): Promise<string | undefined> {
  const hex = /^(?:sha256:)?([0-9a-f]{3,64})$/.exec(ref)?.[1];
  if (hex === undefined) return undefined;
  const isMeant = (digest: string): boolean => digest.slice(digest.indexOf(':') + 1).startsWith(hex);
  const targets = new Map(all.map((record) => [record.target.digest, record.target]));
  const matches = new Set([...targets.keys()].filter(isMeant));
  if (matches.size === 0) {
    const read = documentsOf(backend.content, context);
    for (const target of targets.values()) {
      const images = await presentImages(read, target);
      if (images.some(({ manifest }) => isMeant(manifest.config.digest))) matches.add(target.digest);
    }
  }
  if (matches.size < 2) return [...matches][0];
  throw new BerthError('invalid_argument', `several images have ids that start with ${ref}`, {
    code: 'ambiguous_id',
    hint: 'give more characters of the id',
  });
}
