import { randomBytes } from 'node:crypto';
import { store } from '@berth/image/medium/memory-medium';
import { type SuiteImage, suiteImage } from '@berth/image/medium/suite-images';
import { type Digest, sha256 } from '@berth/model/digest';
import { parseImageConfig } from '@berth/model/image-config';
import { type Descriptor, parseManifest } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';

/** An image whose config tells another diff id than its layer has. */
export function wrongDiffId(): SuiteImage {
  const { blobs, target } = suiteImage({ layers: ['wrong'] });
  const manifest = parseManifest(blobs.get(target.digest)!);
  const config = parseImageConfig(blobs.get(manifest.config.digest)!);
  const wrong = { ...config, rootfs: { type: 'layers', diff_ids: [sha256('another')] } };
  const described = store(blobs, manifest.config.mediaType, JSON.stringify(wrong));
  return { target: store(blobs, target.mediaType, JSON.stringify({ ...manifest, config: described })), blobs };
}

/** An image of one layer of this size that is no file system, and the layer. */
export function bigImage(size: number): [SuiteImage, Descriptor] {
  const blobs = new Map<Digest, Uint8Array>();
  const layer = store(blobs, mediaTypes.ociLayer, randomBytes(size));
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: 'application/vnd.example.big',
    config: store(blobs, mediaTypes.ociEmpty, '{}'),
    layers: [layer],
  };
  return [{ target: store(blobs, mediaTypes.ociManifest, JSON.stringify(manifest)), blobs }, layer];
}

/** The files of a layout that has the image under the name `tag`. */
export function layoutFiles({ target, blobs }: SuiteImage): Map<string, Buffer> {
  const named = { ...target, annotations: { 'org.opencontainers.image.ref.name': 'tag' } };
  return new Map([
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [named] }))],
    ...[...blobs].map(([digest, bytes]): [string, Buffer] => [`blobs/${digest.replace(':', '/')}`, Buffer.from(bytes)]),
  ]);
}
