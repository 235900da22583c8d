import { isIndexType, isManifestType } from '@berth/model/media-type';
import type { Index, Manifest } from '@berth/model/manifest';
import type { Labels } from '#store/content';

/** containerd's garbage collection labels: from an object to what it needs (see the peers' docs, "gc.ref"). */
export function childLabels(mediaType: string, document: Manifest | Index): Labels {
  const labels: Record<string, string> = {};
  if (isManifestType(mediaType)) {
    const manifest = document as Manifest;
    labels['containerd.io/gc.ref.content.config'] = manifest.config.digest;
    for (const [n, layer] of manifest.layers.entries()) labels[`containerd.io/gc.ref.content.l.${n}`] = layer.digest;
  } else if (isIndexType(mediaType)) {
    for (const [n, child] of (document as Index).manifests.entries()) {
      labels[`containerd.io/gc.ref.content.m.${n}`] = child.digest;
    }
  }
  return labels;
}

/** On a config: ties the unpacked layers to the image. */
export function snapshotLabel(driver: string, chainId: string): Labels {
  return { [`containerd.io/gc.ref.snapshot.${driver}`]: chainId };
}

/** On a layer: the digest of its uncompressed tar. */
export function diffIdLabel(diffId: string): Labels {
  return { 'containerd.io/uncompressed': diffId };
}

const danglingPrefix = 'moby-dangling@';

/** The name that keeps an untagged image, the same as dockerd's in a containerd store. */
export function danglingName(digest: string): string {
  return `${danglingPrefix}${digest}`;
}

export function isDangling(name: string): boolean {
  return name.startsWith(danglingPrefix);
}
