import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Blob, jsonBlob, type TestImage } from './images.ts';
import { type Member, tar } from './tar.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';

/** The files of an OCI layout, by their path in it. */
export function ociLayout(image: TestImage, name?: string): Map<string, Buffer> {
  const manifest = manifestOf(image);
  const annotations = name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } };
  const index = { schemaVersion: 2, manifests: [{ ...describe(manifest, manifestType), ...annotations }] };
  return new Map([
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify(index))],
    ...[manifest, image.config, ...image.layers].map((each): [string, Buffer] => [blobPath(each), each.bytes]),
  ]);
}

export function manifestOf(image: TestImage): Blob {
  return jsonBlob({
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe(image.config, configType),
    layers: image.layers.map((layer) => describe(layer, layer.mediaType)),
  });
}

/** What `docker save` wrote up to version 24: a folder for each layer. */
export function oldDockerArchive(image: TestImage, name: string): Map<string, Buffer> {
  const folders = image.layers.map(({ diffId }) => hex(diffId));
  const config = `${hex(image.config.digest)}.json`;
  const manifest = [{ Config: config, RepoTags: [name], Layers: folders.map((folder) => `${folder}/layer.tar`) }];
  const [repository = '', tag = 'latest'] = name.split(':');
  return new Map([
    [config, image.config.bytes],
    ...image.layers.flatMap(({ tar: bytes, diffId }): [string, Buffer][] => [
      [`${hex(diffId)}/VERSION`, Buffer.from('1.0')],
      [`${hex(diffId)}/json`, Buffer.from(JSON.stringify({ id: hex(diffId) }))],
      [`${hex(diffId)}/layer.tar`, bytes],
    ]),
    ['manifest.json', Buffer.from(JSON.stringify(manifest))],
    ['repositories', Buffer.from(JSON.stringify({ [repository]: { [tag]: folders.at(-1) } }))],
  ]);
}

/** What `docker save` writes since version 25: an OCI layout that also has a `manifest.json`. */
export function newDockerArchive(image: TestImage, name: string): Map<string, Buffer> {
  const entry = { Config: blobPath(image.config), RepoTags: [name], Layers: image.layers.map(blobPath) };
  return new Map([...ociLayout(image, name.split(':')[1]), ['manifest.json', Buffer.from(JSON.stringify([entry]))]]);
}

export function archive(files: ReadonlyMap<string, Buffer>, compression: 'none' | 'gzip' | 'zstd' = 'none'): Buffer {
  const members = [...files].map(([name, body]): Member => ({ path: name, body }));
  const bytes = tar(members);
  if (compression === 'none') return bytes;
  return compression === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes);
}

/** Writes the files below a folder, for what is read as a folder. @returns the folder */
export function writeFiles(files: ReadonlyMap<string, Buffer>, folder: string): string {
  for (const [name, body] of files) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, body);
  }
  return folder;
}

function describe({ bytes, digest }: Blob, mediaType: string) {
  return { mediaType, digest, size: bytes.length };
}

function blobPath({ digest }: Blob): string {
  return `blobs/sha256/${hex(digest)}`;
}

function hex(digest: string): string {
  return digest.slice('sha256:'.length);
}
