import { gzipSync } from 'node:zlib';
import { type Digest, digestHex, sha256 } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { tarArchive, type TarMember } from '../tar/writer.ts';

/** A member of an archive in the making. */
export type FixtureMember = TarMember & { readonly content?: Uint8Array | string };

/** An image of gzip layers, its documents and its blobs, for tests of whatever reads images. */
export interface FixtureImage {
  readonly target: Descriptor;
  readonly config: Descriptor;
  readonly diffIds: readonly Digest[];
  /** The uncompressed layers. */
  readonly layers: readonly Buffer[];
  readonly blobs: ReadonlyMap<Digest, Buffer>;
}

/** An image whose layers have these files. */
export function fixtureImage(
  layers: readonly (readonly FixtureMember[])[],
  platform = { os: 'linux', architecture: 'amd64' },
): FixtureImage {
  const blobs = new Map<Digest, Buffer>();
  const tars = layers.map((members) => tarArchive(members));
  const diffIds = tars.map((tar) => sha256(tar));
  const config = put(
    blobs,
    mediaTypes.ociConfig,
    JSON.stringify({ ...platform, config: { Cmd: ['/x'] }, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
  const described = tars.map((tar) => put(blobs, mediaTypes.ociLayerGzip, gzipSync(tar)));
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: described };
  return { target: put(blobs, mediaTypes.ociManifest, JSON.stringify(manifest)), config, diffIds, layers: tars, blobs };
}

/** Stores a document or layer and describes it. */
export function put(blobs: Map<Digest, Buffer>, mediaType: string, content: string | Uint8Array): Descriptor {
  const bytes = Buffer.from(content);
  const digest = sha256(bytes);
  blobs.set(digest, bytes);
  return { mediaType, digest, size: bytes.length };
}

/** The members of an OCI layout with these top manifests. */
export function layoutMembers(manifests: readonly Descriptor[], blobs: ReadonlyMap<Digest, Buffer>): FixtureMember[] {
  return [
    { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', content: JSON.stringify({ schemaVersion: 2, manifests }) },
    { name: 'blobs/', flag: '5' },
    { name: 'blobs/sha256/', flag: '5' },
    ...[...blobs].map(([digest, content]) => ({ name: `blobs/sha256/${digestHex(digest)}`, content })),
  ];
}

/** The members of what docker before 25 saved. */
export function dockerMembers(
  image: FixtureImage,
  tags: readonly string[] | null,
  options: { readonly gzip?: boolean } = {},
): FixtureMember[] {
  const hex = digestHex(image.config.digest);
  const folders = image.diffIds.map((diffId) => digestHex(sha256(`layer ${diffId}`)));
  const layers = image.layers.flatMap((content, at) => [
    { name: `${folders[at]}/`, flag: '5' },
    { name: `${folders[at]}/VERSION`, content: '1.0' },
    { name: `${folders[at]}/json`, content: '{}' },
    { name: `${folders[at]}/layer.tar`, content: options.gzip === true ? gzipSync(content) : content },
  ]);
  const manifest = [{ Config: `${hex}.json`, RepoTags: tags, Layers: folders.map((folder) => `${folder}/layer.tar`) }];
  return [
    ...layers,
    { name: `${hex}.json`, content: image.blobs.get(image.config.digest)! },
    { name: 'manifest.json', content: JSON.stringify(manifest) },
    { name: 'repositories', content: '{}' },
  ];
}
