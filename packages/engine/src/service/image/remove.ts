import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import type { ImageBackend } from './backend.ts';
import type { RemovedImage, RemoveOptions } from './contract.ts';
import { findImage, type FoundImage } from './find.ts';
import { documentsOf, reachableBlobs } from './documents.ts';
import { isDangling } from './labels.ts';
import { dropName, keepUntagged, shareGroup } from './name-change.ts';

/**
 * Docker's rules: a name is untagged, and with the last name the image goes; by id an image with several names, or
 * one that containers need, goes only by force. Bytes are freed before this returns.
 */
export async function removeImage(
  backend: ImageBackend,
  context: CallContext,
  { ref, force, scope }: RemoveOptions & { readonly ref: string },
): Promise<RemovedImage> {
  const found = await findImage(backend, context, ref);
  const target = found.records[0].target;
  const names = namesToRemove(found, ref, force);
  const isWhole = names.length === found.records.length;
  const namespaces =
    scope === 'namespace' ? [context.namespace] : backend.metadata.read((tx) => shareGroup(tx, context.namespace));
  const users = backend.metadata
    .read((tx) => namespaces.flatMap((namespace) => tx.containers.list(namespace)))
    .filter((row) => row.imageTarget === target.digest);
  if (isWhole && users.length > 0 && !force) throw inUse(ref, users[0]?.name ?? '', users.length);
  const before = [...(await reachableBlobs(documentsOf(backend.content, context), target)).keys()];
  await backend.metadata.write((tx) => {
    for (const namespace of namespaces) for (const name of names) dropName(tx, namespace, name);
    // What containers still need stays visible as an untagged image.
    if (users.length > 0) keepUntagged(tx, context.namespace, target);
  });
  await backend.collector.collect();
  const deleted = await missing(backend, context, before);
  for (const name of names)
    backend.events.publish({ type: 'image', action: 'untag', id: target.digest, attributes: { name } });
  if (deleted.length > 0) {
    backend.events.publish({ type: 'image', action: 'delete', id: target.digest, attributes: {} });
  }
  return { untagged: names.filter((name) => !isDangling(name)), deleted };
}

function namesToRemove(found: FoundImage, ref: string, force: boolean): string[] {
  if (found.named !== undefined) return [found.named.name];
  const names = found.records.map(({ name }) => name);
  if (names.length === 1 || force) return names;
  throw new BerthError('failed_precondition', `image ${ref} has several names`, {
    code: 'several_names',
    hint: `remove it by name, or with --force: ${names.join(', ')}`,
  });
}

function inUse(ref: string, container: string, count: number): BerthError {
  const more = count > 1 ? ` and ${count - 1} more` : '';
  return new BerthError('failed_precondition', `image ${ref} is used by container ${container}${more}`, {
    code: 'image_in_use',
    hint: `remove the container first (berth rm ${container}), or use --force to take the name away`,
  });
}

/** Those of the digests that the namespace does not see any more. */
export async function missing(
  backend: ImageBackend,
  context: CallContext,
  digests: readonly Digest[],
): Promise<Digest[]> {
  const gone: Digest[] = [];
  for (const digest of digests) {
    try {
      await backend.content.info(context, digest);
    } catch (error) {
      if (!isKind(error, 'not_found')) throw error;
      gone.push(digest);
    }
  }
  return gone;
}
