import type { Digest } from '@berth/model/digest';
import { type Descriptor, parseIndex, parseManifest } from '@berth/model/manifest';
import { isConfigType, isIndexType, isManifestType, layerCompression } from '@berth/model/media-type';
import type { RepositoryName } from '../medium.ts';

/*
 * The labels that containerd's garbage collector and clients read (peers.md, B1). A blob that no image, lease or other
 * blob leads to is removed; what a manifest names is known by the manifest's labels alone.
 */

const contentReference = 'containerd.io/gc.ref.content.';
const sourcePrefix = 'containerd.io/distribution.source.';

/** Of a layer: its diff id. Set once it was unpacked. */
export const uncompressedLabel = 'containerd.io/uncompressed';
/** When a lease ends by itself: RFC 3339. */
export const expireLabel = 'containerd.io/gc.expire';
/** Of a snapshot that is prepared: the chain id that it will have. */
export const snapshotReferenceLabel = 'containerd.io/snapshot.ref';
/** Of a namespace: its snapshotter. */
export const defaultSnapshotterLabel = 'containerd.io/defaults/snapshotter';

/** On an image's config: the snapshot of all its layers. */
export function snapshotLabel(snapshotter: string): string {
  return `containerd.io/gc.ref.snapshot.${snapshotter}`;
}

/** The labels of a manifest or an index, which lead to what it names. None for other blobs. */
export function childLabels(descriptor: Descriptor, bytes: Uint8Array): Record<string, string> {
  const counts = new Map<string, number>();
  return Object.fromEntries(childrenOf(descriptor, bytes).map((child) => [keyOf(child, counts), child.digest]));
}

function childrenOf({ mediaType, digest }: Descriptor, bytes: Uint8Array): readonly Descriptor[] {
  if (isIndexType(mediaType)) return parseIndex(bytes, digest).manifests;
  if (!isManifestType(mediaType)) return [];
  const { config, layers } = parseManifest(bytes, digest);
  return [config, ...layers];
}

/** As containerd's own clients count them: `config`, `l.0`, `l.1`, `m.0`, and bare numbers for the rest. */
function keyOf({ mediaType }: Descriptor, counts: Map<string, number>): string {
  const group = groupOf(mediaType);
  const count = counts.get(group) ?? 0;
  counts.set(group, count + 1);
  return `${contentReference}${group}${group === 'config' && count === 0 ? '' : count}`;
}

function groupOf(mediaType: string): string {
  if (isConfigType(mediaType)) return 'config';
  if (isManifestType(mediaType) || isIndexType(mediaType)) return 'm.';
  return layerCompression(mediaType) === undefined ? '' : 'l.';
}

/**
 * The label that says from which repository a blob came, so that it can be mounted there when it is pushed; several
 * repositories of a registry share one. Empty when `labels` say it already.
 */
export function sourceLabel(
  { domain, path }: RepositoryName,
  labels: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const key = `${sourcePrefix}${domain}`;
  const known = (labels[key] ?? '').split(',').filter(Boolean);
  return known.includes(path) ? {} : { [key]: [...known, path].join(',') };
}

/** The repository that a blob came from, by its labels. */
export function originOf(labels: Readonly<Record<string, string>>): RepositoryName | undefined {
  const [key, paths] = Object.entries(labels).find(([name]) => name.startsWith(sourcePrefix)) ?? [];
  const path = paths?.split(',')[0];
  if (key === undefined || path === undefined || path === '') return undefined;
  return { domain: key.slice(sourcePrefix.length), path };
}

/** Among blobs: those that hold this layer, packed in some way. */
export function uncompressedFilter(diffId: Digest): string {
  return `labels."${uncompressedLabel}"==${diffId}`;
}
