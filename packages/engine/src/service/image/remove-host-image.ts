import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { ImageRecord, WriteTransaction } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import { isDangling } from './labels.ts';
import { dropName, shareGroup } from './name-change.ts';

/**
 * Takes an image away with all names of all its targets, and frees its bytes. It is gone from the caller's namespace also
 * when containers there need it: they keep its bytes, not its names. Namespaces that have the names only because this one
 * asked for them lose them too, unless they have containers of it; what they asked for themselves is theirs: kubelet, which
 * collects what no pod needs, knows nothing of them.
 */
export async function removeHostImage(backend: ImageBackend, context: CallContext, id: Digest): Promise<void> {
  const removed = await backend.metadata.write((tx) =>
    shareGroup(tx, context.namespace).flatMap((namespace) => {
      const records = tx.images.byConfig(namespace, id);
      const isOwn = namespace === context.namespace;
      if (!isOwn && isNeeded(tx, namespace, records)) return [];
      const dropped = isOwn ? records : records.filter(({ origin }) => origin === context.namespace);
      for (const { name } of dropped) dropName(tx, namespace, name);
      return dropped;
    }),
  );
  await backend.collector.collect();
  publish(backend, removed);
}

function isNeeded(tx: WriteTransaction, namespace: string, records: readonly ImageRecord[]): boolean {
  const targets = new Set<string>(records.map(({ target }) => target.digest));
  return tx.containers.list(namespace).some(({ imageTarget }) => targets.has(imageTarget));
}

/** A name is told once, however many namespaces have lost it. */
function publish({ events }: ImageBackend, removed: readonly ImageRecord[]): void {
  for (const [name, record] of new Map(removed.map((each) => [each.name, each]))) {
    if (isDangling(name)) continue;
    events.publish({ type: 'image', action: 'untag', id: record.target.digest, attributes: { name } });
  }
  for (const digest of new Set(removed.map(({ target }) => target.digest)))
    events.publish({ type: 'image', action: 'delete', id: digest, attributes: {} });
}
