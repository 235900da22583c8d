import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Digest, sha256 } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { type Compression, mediaTypes } from '@berth/model/media-type';
import { hostPlatform, type Platform } from '@berth/model/platform';
import { tarArchive } from '../tar/writer.ts';
import { MemoryMedium, store } from './memory-medium.ts';

/** An image for tests, in memory. */
export interface SuiteImage {
  readonly target: Descriptor;
  readonly blobs: Map<Digest, Uint8Array>;
}

export interface SuiteImageOptions {
  readonly family?: 'oci' | 'docker';
  readonly compression?: Compression;
  readonly platform?: Platform;
  /** Content of each layer's one file. */
  readonly layers?: readonly string[];
  /** The first layer is one that may not be handed on, and is not there. */
  readonly foreign?: boolean;
}

const layerTypes = {
  oci: { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip, zstd: mediaTypes.ociLayerZstd },
  docker: { none: mediaTypes.dockerLayer, gzip: mediaTypes.dockerLayerGzip, zstd: mediaTypes.dockerLayerZstd },
};

export function suiteImage(options: SuiteImageOptions = {}): SuiteImage {
  const { family = 'oci', compression = 'gzip', platform = hostPlatform(), layers = ['one', 'two'] } = options;
  const blobs = new Map<Digest, Uint8Array>();
  // A layer that no compression makes small: it comes in several pieces.
  const noise = Buffer.from(Array.from({ length: 40_000 }, (_, at) => (at * at * 7919 + layers.length) >>> 7).join(''));
  const tars = layers.map((content, at) =>
    tarArchive([{ name: `file-${at}`, content }, ...(at === 0 ? [{ name: 'noise', content: noise }] : [])]),
  );
  const described = tars.map((tar) => store(blobs, layerTypes[family][compression], compress(tar, compression)));
  const config = {
    created: '2026-01-02T03:04:05Z',
    ...platform,
    config: { Cmd: ['/x'] },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => sha256(tar)) },
    history: tars.map((_, at) => ({ created: '2026-01-02T03:04:05Z', created_by: `layer ${at}` })),
  };
  const docker = family === 'docker';
  const manifest = {
    schemaVersion: 2,
    mediaType: docker ? mediaTypes.dockerManifest : mediaTypes.ociManifest,
    config: store(blobs, docker ? mediaTypes.dockerConfig : mediaTypes.ociConfig, JSON.stringify(config)),
    layers:
      options.foreign === true ? described.map((layer, at) => (at === 0 ? asForeign(blobs, layer) : layer)) : described,
  };
  // As some tools write it: with white space, which a copy must not tidy.
  return { target: store(blobs, manifest.mediaType, `${JSON.stringify(manifest, undefined, 3)}\n`), blobs };
}

function asForeign(blobs: Map<Digest, Uint8Array>, layer: Descriptor): Descriptor {
  blobs.delete(layer.digest);
  return { ...layer, mediaType: mediaTypes.ociForeignLayerGzip, urls: ['https://example.invalid/layer'] };
}

function compress(bytes: Uint8Array, compression: Compression): Uint8Array {
  if (compression === 'none') return bytes;
  return compression === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes);
}

/** The platform of the other machine that an index is for. */
export const otherPlatform: Platform = { os: 'linux', architecture: 's390x' };

/** An index of this machine and another, with an attestation about the first. */
export function suiteIndex(
  family: 'oci' | 'docker' = 'oci',
): SuiteImage & { readonly children: readonly Descriptor[] } {
  const images = [hostPlatform(), otherPlatform].map((platform) => ({
    platform,
    ...suiteImage({ family, platform, layers: ['one', platform.architecture] }),
  }));
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  const children = images.map(({ target, platform }): Descriptor => ({ ...target, platform }));
  if (family === 'oci') children.push(attestation(blobs, children[0]!));
  const mediaType = family === 'oci' ? mediaTypes.ociIndex : mediaTypes.dockerList;
  const index = { schemaVersion: 2, mediaType, manifests: children };
  return { target: store(blobs, mediaType, JSON.stringify(index, undefined, 2)), blobs, children };
}

/** As buildkit makes them. */
function attestation(blobs: Map<Digest, Uint8Array>, about: Descriptor): Descriptor {
  const statement = store(blobs, 'application/vnd.in-toto+json', JSON.stringify({ subject: about.digest }));
  const config = {
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [statement.digest] },
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: store(blobs, mediaTypes.ociConfig, JSON.stringify(config)),
    layers: [statement],
  };
  return {
    ...store(blobs, mediaTypes.ociManifest, JSON.stringify(manifest)),
    annotations: { 'vnd.docker.reference.digest': about.digest, 'vnd.docker.reference.type': 'attestation-manifest' },
    platform: { architecture: 'unknown', os: 'unknown' },
  };
}

/** An artifact with an empty config, about an image that is elsewhere. */
export function suiteArtifact(): SuiteImage {
  const blobs = new Map<Digest, Uint8Array>();
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: 'application/vnd.example.sbom',
    config: store(blobs, mediaTypes.ociEmpty, '{}'),
    layers: [store(blobs, 'text/plain', 'a list of what is in it')],
    subject: suiteImage().target,
  };
  const target = store(blobs, mediaTypes.ociManifest, JSON.stringify(manifest));
  return { target: { ...target, artifactType: manifest.artifactType }, blobs };
}

export function suiteSource({ target, blobs }: SuiteImage, ...names: string[]): MemoryMedium {
  return new MemoryMedium([{ names, target }], blobs);
}
