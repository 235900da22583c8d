import type { Descriptor } from '@berth/model/manifest';
import type { WriteTransaction } from '#store/metadata';
import { danglingName, isDangling } from './labels.ts';

/**
 * Points a name at a target. An image that loses its last name this way stays as an untagged one, and an
 * untagged one that gets a name stops being untagged, as docker users expect.
 */
export function moveName(tx: WriteTransaction, namespace: string, name: string, target: Descriptor): void {
  const before = tx.images.put({ namespace, name, target, labels: {} });
  if (before !== undefined && before.target.digest !== target.digest) keepUntagged(tx, namespace, before.target);
  const dangling = danglingName(target.digest);
  if (!isDangling(name) && tx.images.get(namespace, dangling)) tx.images.delete(namespace, dangling);
}

/** Gives a target a nameless record in this namespace unless it has a name there. */
export function keepUntagged(tx: WriteTransaction, namespace: string, target: Descriptor): void {
  const named = tx.images.list(namespace).some((image) => image.target.digest === target.digest);
  if (!named) tx.images.put({ namespace, name: danglingName(target.digest), target, labels: {} });
}
