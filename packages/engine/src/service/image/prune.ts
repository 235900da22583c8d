import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { ImageRecord, ReadTransaction } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import type { PrunedImages, PruneOptions } from './contract.ts';
import { documentsOf, presentImages, reachableBlobs } from './documents.ts';
import { isDangling } from './labels.ts';
import { dropName, shareGroup } from './name-change.ts';
import { missing } from './remove.ts';

/** Takes away what nobody needs: names go from the whole share group, as they came, and the bytes are freed. */
export async function pruneImages(
  backend: ImageBackend,
  context: CallContext,
  options: PruneOptions,
): Promise<PrunedImages> {
  const read = documentsOf(backend.content, context);
  const chosen: ImageRecord[] = [];
  const blobs = new Set<Digest>();
  for (const records of unusedImages(backend, context, options.all)) {
    if (!(await isMeant(backend, context, records, options))) continue;
    chosen.push(...records);
    for (const digest of (await reachableBlobs(read, records[0].target)).keys()) blobs.add(digest);
  }
  const dropped = await backend.metadata.write((tx) => {
    // Looked at again: a container may have come, or a name may have moved, since the images were chosen.
    const used = targetsInUse(tx.containers.list(), shareGroup(tx, context.namespace));
    const still = chosen.filter(({ name, target }) => {
      const now = tx.images.get(context.namespace, name)?.target.digest;
      return now === target.digest && !used.has(target.digest);
    });
    for (const { name } of still) for (const sharer of losers(tx, context.namespace, name)) dropName(tx, sharer, name);
    return still;
  });
  const { bytes } = await backend.collector.collect();
  const deleted = await missing(backend, context, [...blobs]);
  const untagged = dropped.map(({ name }) => name).filter((name) => !isDangling(name));
  for (const { name, target } of dropped)
    backend.events.publish({ type: 'image', action: 'delete', id: target.digest, attributes: { name } });
  return { untagged, deleted, freed: bytes };
}

/** The namespace, and those that have the name only because it asked for it. */
function losers(tx: ReadTransaction, namespace: string, name: string): string[] {
  const isShadow = (sharer: string): boolean => tx.images.get(sharer, name)?.origin === namespace;
  return shareGroup(tx, namespace).filter((sharer) => sharer === namespace || isShadow(sharer));
}

type Records = readonly [ImageRecord, ...ImageRecord[]];

/** Images without a container, each with all its names; without `all` only those that have no name. */
function unusedImages(backend: ImageBackend, { namespace }: CallContext, all: boolean): Records[] {
  const [records, used] = backend.metadata.read((tx) => [
    tx.images.list(namespace),
    targetsInUse(tx.containers.list(), shareGroup(tx, namespace)),
  ]);
  const groups = Map.groupBy(records, ({ target }) => target.digest);
  return [...groups.values()].filter((group): group is [ImageRecord, ...ImageRecord[]] => {
    const [first] = group;
    if (first === undefined || used.has(first.target.digest)) return false;
    return all || group.every(({ name }) => isDangling(name));
  });
}

function targetsInUse(
  rows: readonly { readonly namespace: string; readonly imageTarget: string }[],
  namespaces: readonly string[],
): ReadonlySet<string> {
  return new Set(rows.filter(({ namespace }) => namespaces.includes(namespace)).map((row) => row.imageTarget));
}

async function isMeant(
  backend: ImageBackend,
  context: CallContext,
  [record]: Records,
  { until, labels }: PruneOptions,
): Promise<boolean> {
  if (until === undefined && labels.length === 0) return true;
  const [image] = await presentImages(documentsOf(backend.content, context), record.target);
  const createdAt = Date.parse(image?.config.created ?? '') || record.createdAt;
  if (until !== undefined && createdAt >= until) return false;
  const own = image?.config.config?.Labels ?? {};
  return labels.every((wanted) => (wanted.startsWith('!') ? !hasLabel(own, wanted.slice(1)) : hasLabel(own, wanted)));
}

/** `key` or `key=value`. */
function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [, key = wanted, value] = /^([^=]*)=(.*)$/s.exec(wanted) ?? [];
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
}
