import type { Descriptor } from '@berth/model/manifest';
import type { ReadTransaction, WriteTransaction } from '#store/metadata';
import { danglingName, isDangling } from './labels.ts';

/**
 * Points a name at a target. An image that loses its last name this way stays as an untagged one, and an
 * untagged one that gets a name stops being untagged, as docker users expect.
 */
export function moveName(tx: WriteTransaction, namespace: string, name: string, target: Descriptor): void {
  const before = tx.images.put({ namespace, name, target, labels: {} });
  if (before !== undefined && before.target.digest !== target.digest) keepUntagged(tx, namespace, before.target);
  const dangling = danglingName(target.digest);
  // Names are put into the whole share group, so the untagged record goes from all of it.
  if (!isDangling(name)) for (const sharer of shareGroup(tx, namespace)) dropName(tx, sharer, dangling);
}

/** The namespace itself and those that see its images. */
export function shareGroup(tx: ReadTransaction, namespace: string): readonly string[] {
  const group = tx.namespaces.get(namespace)?.shareGroup ?? '';
  if (group === '') return [namespace];
  const sharers = tx.namespaces.list().filter(({ shareGroup: other }) => other === group);
  return sharers.map(({ name }) => name);
}

/** What namespaces have in common that see each other's images; no two groups have the same. */
export function shareGroupName(tx: ReadTransaction, namespace: string): string {
  const group = tx.namespaces.get(namespace)?.shareGroup ?? '';
  return group === '' ? `namespace/${namespace}` : `group/${group}`;
}

/** Unless it is gone already. */
export function dropName(tx: WriteTransaction, namespace: string, name: string): void {
  if (tx.images.get(namespace, name) !== undefined) tx.images.delete(namespace, name);
}

/** Gives a target a nameless record in this namespace unless it has a name there. */
export function keepUntagged(tx: WriteTransaction, namespace: string, target: Descriptor): void {
  const named = tx.images.list(namespace).some((image) => image.target.digest === target.digest);
  if (!named) tx.images.put({ namespace, name: danglingName(target.digest), target, labels: {} });
}
