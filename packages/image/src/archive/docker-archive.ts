import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Digest, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import type { FileSource } from './archive.ts';
import { BlobSet } from './blob-set.ts';
import { type DockerImage, readDockerManifest } from './docker-manifest.ts';
import { type Members, readMember } from './member.ts';
import type { Content, ReferredImage } from './oci-layout.ts';
import { compressionOf } from './outer.ts';
import { type OldImage, readRepositories } from './repositories.ts';

const maxConfig = 8 * 1024 * 1024;

/**
 * Reads what `docker save` wrote before it wrote OCI layouts: manifest.json, `<config>.json` and
 * `<id>/layer.tar`. Such images have no manifest: one is made up, the same for the same archive. Config
 * and layers keep their bytes. A docker before 1.10 wrote no config either: see `readRepositories`.
 */
export async function readDockerArchive(members: Members, signal?: AbortSignal): Promise<Content> {
  const listed = (await readDockerManifest(members)) ?? (await readRepositories(members, signal));
  const blobs = new BlobSet();
  const measured = new Map<string, Promise<Descriptor>>();
  const images: ReferredImage[] = [];
  for (const image of listed) images.push(await readImage(image, { members, blobs, measured, signal }));
  return { images, blobs };
}

interface Reading {
  readonly members: Members;
  readonly blobs: BlobSet;
  /** Layers that several images share, by file and offset. */
  readonly measured: Map<string, Promise<Descriptor>>;
  readonly signal: AbortSignal | undefined;
}

async function readImage(image: DockerImage | OldImage, reading: Reading): Promise<ReferredImage> {
  const { members, blobs } = reading;
  const [what, bytes] =
    typeof image.config === 'string'
      ? [image.config, await readMember(find(members, image.config), image.config, maxConfig)]
      : [`the config of ${image.names[0]}`, image.config];
  const { rootfs } = parseImageConfig(bytes, what);
  if (rootfs.diff_ids.length !== image.layers.length) {
    throw new BerthError(
      'invalid_argument',
      `${what} names ${rootfs.diff_ids.length} layers, manifest.json ${image.layers.length}`,
      { code: 'layer_count' },
    );
  }
  const config = put(blobs, mediaTypes.ociConfig, bytes);
  const layers: Descriptor[] = [];
  for (const [at, path] of image.layers.entries()) {
    layers.push(await layerOf(find(members, path), rootfs.diff_ids[at]!, reading));
  }
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  return {
    names: image.names,
    references: image.names,
    target: put(blobs, mediaTypes.ociManifest, Buffer.from(JSON.stringify(manifest))),
  };
}

function find(members: Members, path: string): FileSource {
  const found = members.get(path);
  if (found !== undefined) return found;
  throw new BerthError('data_loss', `the archive lacks ${path}, which manifest.json names`, {
    code: 'missing_blob',
    hint: 'the archive is incomplete: save the image again',
  });
}

function put(blobs: BlobSet, mediaType: string, bytes: Uint8Array): Descriptor {
  const digest = sha256(bytes);
  blobs.add(digest, { size: bytes.length, bytes });
  return { mediaType, digest, size: bytes.length };
}

async function layerOf(source: FileSource, diffId: Digest, { blobs, measured, signal }: Reading): Promise<Descriptor> {
  const key = `${source.path}:${source.offset}:${diffId}`;
  const known = measured.get(key) ?? describe(source, diffId, signal);
  measured.set(key, known);
  const descriptor = await known;
  blobs.add(descriptor.digest, source);
  return descriptor;
}

/**
 * A plain tar's digest is the diff id, which the config has: the pass over its bytes is saved, and whoever
 * copies or unpacks the layer verifies it. Compressed layers have to be read.
 */
async function describe(source: FileSource, diffId: Digest, signal: AbortSignal | undefined): Promise<Descriptor> {
  const { path, offset, size } = source;
  const compression = size === 0 ? 'none' : await compressionOf(path, offset);
  if (compression === 'none') return { mediaType: mediaTypes.ociLayer, digest: diffId, size };
  const hash = createHash('sha256');
  const options = {
    start: offset,
    end: offset + size - 1,
    highWaterMark: 512 * 1024,
    ...(signal === undefined ? {} : { signal }),
  };
  for await (const piece of createReadStream(path, options)) hash.update(piece as Uint8Array);
  const mediaType = compression === 'gzip' ? mediaTypes.ociLayerGzip : mediaTypes.ociLayerZstd;
  return { mediaType, digest: `sha256:${hash.digest('hex')}`, size };
}
