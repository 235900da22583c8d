import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { ImageRecord, WriteTransaction } from '#store/metadata';
import type { ImageBackend } from './backend.ts';
import { isDangling } from './labels.ts';
import { dropName, shareGroup } from './name-change.ts';

/**
 * Takes an image away with all names of all its targets, and frees its bytes. It is gone from the caller's namespace also
 * when containers there need it: they keep its bytes, not its names. A namespace that shares the image and has containers
 * of it keeps its names too: kubelet, which collects what no pod needs, knows nothing of them.
 */
export async function removeHostImage(backend: ImageBackend, context: CallContext, id: Digest): Promise<void> {
  const removed = await backend.metadata.write((tx) =>
    shareGroup(tx, context.namespace).flatMap((namespace) => {
      const records = tx.images.byConfig(namespace, id);
      if (namespace !== context.namespace && isNeeded(tx, namespace, records)) return [];
      for (const { name } of records) dropName(tx, namespace, name);
      return records;
    }),
  );
  await backend.collector.collect();
  publish(backend, removed);
}

function isNeeded(tx: WriteTransaction, namespace: string, records: readonly ImageRecord[]): boolean {
  const targets = new Set<string>(records.map(({ target }) => target.digest));
  return tx.containers.list(namespace).some(({ imageTarget }) => targets.has(imageTarget));
}

/** A name is one in all namespaces of a share group. */
function publish({ events }: ImageBackend, removed: readonly ImageRecord[]): void {
  for (const [name, record] of new Map(removed.map((each) => [each.name, each]))) {
    if (isDangling(name)) continue;
    events.publish({ type: 'image', action: 'untag', id: record.target.digest, attributes: { name } });
  }
  for (const digest of new Set(removed.map(({ target }) => target.digest)))
    events.publish({ type: 'image', action: 'delete', id: digest, attributes: {} });
}
