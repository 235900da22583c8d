import { type Digest, sha256 } from '@berth/model/digest';
import type { ImageConfig } from '@berth/model/image-config';
import type { Descriptor, Manifest } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import type { Platform } from '@berth/model/platform';
import { applyChanges } from './change.ts';

/** A document and what points at it. */
export interface BuiltDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface ImportedImage {
  readonly config: BuiltDocument;
  /** The image: its descriptor is the target of a name. */
  readonly manifest: BuiltDocument;
}

export interface ImportedLayer {
  readonly layer: Descriptor;
  readonly diffId: Digest;
  readonly platform: Platform;
  /** Dockerfile instructions: see `applyChanges`. */
  readonly changes?: readonly string[];
  /** For the history. */
  readonly message?: string;
  /** Now when absent. */
  readonly created?: Date;
}

/** The documents of an image of one layer, as `docker import` makes it. @throws invalid_argument (`bad_change`) */
export function buildImportedImage(options: ImportedLayer): ImportedImage {
  const { layer, diffId, platform, message = '' } = options;
  const created = (options.created ?? new Date()).toISOString();
  const document: ImageConfig = {
    created,
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    config: applyChanges({}, options.changes ?? []),
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment: message === '' ? 'imported' : message }],
  };
  const config = build(mediaTypes.ociConfig, document);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: [layer],
  };
  return { config, manifest: build(mediaTypes.ociManifest, manifest) };
}

function build(mediaType: string, document: object): BuiltDocument {
  const bytes = Buffer.from(JSON.stringify(document));
  return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
}
