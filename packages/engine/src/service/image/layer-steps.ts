import type { Digest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, layerCompression } from '@berth/model/media-type';
import { chainIds } from '@berth/image/layer/chain-id';
import type { PlatformImage } from './documents.ts';

/** A layer on its stack. */
export interface LayerStep {
  readonly layer: Descriptor;
  readonly diffId: Digest;
  readonly compression: Compression;
  /** Chain ids: of what it lies on, empty for the lowest, and with itself on top. */
  readonly parent: string;
  readonly chain: string;
}

/** The layers of an image, the lowest first. @throws invalid_argument (`layer_count`, `unknown_media_type`) */
export function layerSteps({ manifest, config }: PlatformImage): LayerStep[] {
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new BerthError(
      'invalid_argument',
      `config ${manifest.config.digest} names ${diffIds.length} layers, its manifest ${manifest.layers.length}`,
      { code: 'layer_count' },
    );
  }
  const chain = chainIds(diffIds);
  return manifest.layers.map((layer, n) => ({
    layer,
    diffId: diffIds[n]!,
    compression: compressionOf(layer),
    parent: chain[n - 1] ?? '',
    chain: chain[n]!,
  }));
}

/** The chain id of an image's top layer, empty without layers. */
export function topChain({ config }: PlatformImage): string {
  return chainIds(config.rootfs.diff_ids).at(-1) ?? '';
}

function compressionOf({ mediaType, digest }: Descriptor): Compression {
  const compression = layerCompression(mediaType);
  if (compression !== undefined) return compression;
  throw new BerthError('invalid_argument', `layer ${digest} is of the unknown media type ${mediaType}`, {
    code: 'unknown_media_type',
  });
}
