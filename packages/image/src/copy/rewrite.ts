import { type Digest, sha256 } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, isIndexType, mediaTypes } from '@berth/model/media-type';

/** A document that was changed, with its new descriptor. */
export interface Rewritten {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

interface Json {
  [key: string]: unknown;
}

const toOci: Readonly<Record<string, string>> = {
  [mediaTypes.dockerManifest]: mediaTypes.ociManifest,
  [mediaTypes.dockerConfig]: mediaTypes.ociConfig,
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  [mediaTypes.dockerLayerZstd]: mediaTypes.ociLayerZstd,
  [mediaTypes.dockerForeignLayer]: mediaTypes.ociForeignLayer,
  [mediaTypes.dockerForeignLayerGzip]: mediaTypes.ociForeignLayerGzip,
};

/** The type of a layer in another compression, in its own family; Docker's has no zstd that others read. */
export function layerTypeOf(mediaType: string, compression: Compression): string {
  const docker = mediaType.startsWith('application/vnd.docker.') && compression !== 'zstd';
  if (compression === 'none') return docker ? mediaTypes.dockerLayer : mediaTypes.ociLayer;
  if (compression === 'gzip') return docker ? mediaTypes.dockerLayerGzip : mediaTypes.ociLayerGzip;
  return mediaTypes.ociLayerZstd;
}

/**
 * The manifest with other layers. Nothing else changes, but that a manifest of Docker's becomes one of OCI's when it has
 * to name what Docker's has no word for, or when that is asked for.
 */
export function rewriteManifest(old: Rewritten, layers: readonly Descriptor[], format?: 'oci'): Rewritten {
  const json = parse(old.bytes);
  const items = layers.map((layer, at) => changedItem((json['layers'] as Json[])[at]!, layer));
  const wasDocker = old.descriptor.mediaType === mediaTypes.dockerManifest;
  const becomesOci =
    wasDocker && (format === 'oci' || layers.some(({ mediaType }) => mediaType === mediaTypes.ociLayerZstd));
  if (!becomesOci) return serialise(old.descriptor, { ...json, layers: items });
  return serialise(
    { ...old.descriptor, mediaType: mediaTypes.ociManifest },
    {
      ...json,
      mediaType: mediaTypes.ociManifest,
      config: inOci(json['config'] as Json),
      layers: items.map(inOci),
    },
  );
}

/** The index with those of its children that `moved` knows by their old digests, as they are now. */
export function rewriteIndex(old: Rewritten, moved: ReadonlyMap<Digest, Descriptor>): Rewritten {
  const json = parse(old.bytes);
  const manifests = (json['manifests'] as Json[]).flatMap((child) => {
    const now = moved.get(child['digest'] as Digest);
    return now === undefined ? [] : [withReference({ ...child, ...identity(now) }, moved)];
  });
  const becomesOci = isIndexType(old.descriptor.mediaType) && manifests.some(isOciManifest);
  if (!becomesOci || old.descriptor.mediaType === mediaTypes.ociIndex)
    return serialise(old.descriptor, { ...json, manifests });
  const mediaType = mediaTypes.ociIndex;
  return serialise({ ...old.descriptor, mediaType }, { ...json, mediaType, manifests });
}

/** buildkit's attestations say which manifest they are about. */
function withReference(child: Json, moved: ReadonlyMap<Digest, Descriptor>): Json {
  const annotations = child['annotations'] as Readonly<Record<string, string>> | undefined;
  const about = annotations?.['vnd.docker.reference.digest'];
  const now = about === undefined ? undefined : moved.get(about as Digest);
  if (now === undefined) return child;
  return { ...child, annotations: { ...annotations, 'vnd.docker.reference.digest': now.digest } };
}

function isOciManifest(child: Json): boolean {
  return child['mediaType'] === mediaTypes.ociManifest;
}

function inOci(item: Json): Json {
  const mediaType = item['mediaType'] as string;
  return { ...item, mediaType: toOci[mediaType] ?? mediaType };
}

function identity({ mediaType, digest, size }: Descriptor): Json {
  return { mediaType, digest, size };
}

/** What tells of the inside of the old bytes: indexes of zstd:chunked and estargz. */
const aboutBytes = /^(io\.github\.containers\.zstd-chunked\.|io\.containers\.estargz\.|containerd\.io\/snapshot\/)/;

function changedItem(old: Json, layer: Descriptor): Json {
  if (old['digest'] === layer.digest) return old;
  const { annotations, ...rest } = old;
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !aboutBytes.test(key));
  return { ...rest, ...identity(layer), ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }) };
}

/** The members keep their order: a reader of the new document finds the old one again. */
function parse(bytes: Uint8Array): Json {
  return JSON.parse(Buffer.from(bytes).toString()) as Json;
}

function serialise(descriptor: Descriptor, json: Json): Rewritten {
  const bytes = Buffer.from(JSON.stringify(json));
  return { bytes, descriptor: { ...descriptor, digest: sha256(bytes), size: bytes.length } };
}
