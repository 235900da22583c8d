import { type Digest, digestAlgorithm, digestHex } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import { type Descriptor, parseManifest } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import { chainIds } from '../../layer/chain-id.ts';
import type { PublishedImage } from '../medium.ts';

/** What a load needs besides blobs. */
export interface LoadFiles {
  /** What the daemon will call the image. */
  readonly id: Digest;
  /** By their paths in the archive. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bottom first. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly chainId: Digest }[];
}

interface Naming {
  /** Normalised. */
  readonly names: readonly string[];
  readonly documents: ReadonlyMap<Digest, Uint8Array>;
}

/** Where a blob is in the archive: as in an OCI layout, which the graph store's loader does not mind. */
export function blobPath({ digest }: Pick<Descriptor, 'digest'>): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/**
 * `manifest.json` and the config. The graph store's loader asks for each layer by its chain id before it opens the file:
 * layers that the daemon has may be named without being there.
 */
export function graphFiles({ target, manifests }: PublishedImage, { names, documents }: Naming): LoadFiles {
  const manifest = parseManifest(documentOf(documents, manifests[0] ?? target));
  const config = documentOf(documents, manifest.config);
  const diffIds = parseImageConfig(config, `config ${manifest.config.digest}`).rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    const counts = `${manifest.layers.length} layers, its config ${diffIds.length}`;
    throw new BerthError('invalid_argument', `manifest ${target.digest} names ${counts}`, { code: 'layer_count' });
  }
  const entry = { Config: blobPath(manifest.config), RepoTags: names, Layers: manifest.layers.map(blobPath) };
  const chains = chainIds(diffIds);
  return {
    id: manifest.config.digest,
    files: new Map([
      [entry.Config, config],
      ['manifest.json', Buffer.from(JSON.stringify([entry]))],
    ]),
    layers: manifest.layers.map((descriptor, at) => ({ descriptor, chainId: chains[at]! })),
  };
}

/** An OCI layout with all documents, named as containerd's importer reads names. */
export function layoutFiles({ target }: PublishedImage, { names, documents }: Naming): LoadFiles {
  const manifests = names.map((name) => {
    const { tag } = parseReference(name);
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tag ?? name };
    return { ...target, annotations: { ...target.annotations, ...annotations } };
  });
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
  const blobs = [...documents].map(([digest, bytes]): [string, Uint8Array] => [blobPath({ digest }), bytes]);
  return {
    id: target.digest,
    files: new Map([
      ...blobs,
      ['index.json', Buffer.from(JSON.stringify(index))],
      ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ]),
    layers: [],
  };
}

function documentOf(documents: ReadonlyMap<Digest, Uint8Array>, { digest }: Descriptor): Uint8Array {
  const bytes = documents.get(digest);
  if (bytes !== undefined) return bytes;
  throw new BerthError('internal', `document ${digest} was not put before its image was published`);
}
