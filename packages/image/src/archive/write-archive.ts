import { type Digest, digestAlgorithm, digestHex } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { parseReference } from '@berth/model/reference';
import { dockerManifestFile } from './docker-manifest.ts';
import { fullNameAnnotation, indexFile, layoutFile, refNameAnnotation } from './oci-layout.ts';
import { folderMember, type StreamMember, tarStream, wholeMember } from './tar-stream.ts';

/** An image as `writeArchive` takes it. */
export interface OutgoingImage {
  /** The index or manifest that index.json points at. */
  readonly target: Descriptor;
  /** Normalised full references; without any the image is in the archive, but nameless. */
  readonly names: readonly string[];
  /** Every blob that goes along, the target too: each digest is written once, whoever names it how often. */
  readonly blobs: readonly Descriptor[];
  /**
   * What docker before 25 loads of it: config and layers of one platform, bottom first, all among `blobs`. Absent for
   * artifacts and for images whose layers are not all there: docker's manifest.json then leaves the image out.
   */
  readonly docker?: { readonly config: Digest; readonly layers: readonly Digest[] };
}

/** The bytes of a blob of an outgoing image, exactly `size` of them. They are not verified again. */
export type ReadBlob = (descriptor: Descriptor) => AsyncIterable<Uint8Array>;

/**
 * An OCI layout that also has docker's manifest.json, as a tar: what `docker load`, `ctr images import`, `podman load`
 * and skopeo read. Documents of the layout come first, then the blobs in the order of their digests: equal images give
 * equal bytes, and nothing is held in memory.
 *
 * @throws data_loss (`size_mismatch`) when a blob has other bytes than its descriptor says; what `read` throws
 */
export function writeArchive(
  images: readonly OutgoingImage[],
  read: ReadBlob,
): AsyncGenerator<Uint8Array, void, undefined> {
  return tarStream(archiveMembers(images, read));
}

function* archiveMembers(images: readonly OutgoingImage[], read: ReadBlob): Generator<StreamMember> {
  const blobs = new Map(images.flatMap((image) => image.blobs.map((blob) => [blob.digest, blob] as const)));
  const order = [...blobs.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  yield wholeMember(layoutFile, layoutVersion);
  yield wholeMember(indexFile, layoutIndex(images.flatMap(indexEntries)));
  yield wholeMember(dockerManifestFile, dockerManifest(images, blobs));
  yield folderMember('blobs');
  for (const algorithm of new Set(order.map(({ digest }) => digestAlgorithm(digest)))) {
    yield folderMember(`blobs/${algorithm}`);
  }
  for (const blob of order) yield { name: blobPath(blob.digest), size: blob.size, content: () => read(blob) };
}

/** `blobs/ALGORITHM/HEX` (image-spec, image-layout.md). */
export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

export const layoutVersion = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/** The index.json with these entries. */
export function layoutIndex(manifests: readonly Descriptor[]): Buffer {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
}

/** containerd and docker: the full name in an annotation of their own, the mere tag in OCI's. */
function indexEntries({ target, names }: OutgoingImage): readonly Descriptor[] {
  if (names.length === 0) return [target];
  return names.map((name) => {
    const { tag } = parseReference(name);
    const reference: Record<string, string> = tag === undefined ? {} : { [refNameAnnotation]: tag };
    return { ...target, annotations: { ...target.annotations, [fullNameAnnotation]: name, ...reference } };
  });
}

/** docker's list; an image whose layers are not all there would make its whole archive unreadable for docker. */
function dockerManifest(images: readonly OutgoingImage[], blobs: ReadonlyMap<Digest, Descriptor>): Buffer {
  const listed = images.flatMap(({ docker, names }) => {
    if (docker === undefined || ![docker.config, ...docker.layers].every((digest) => blobs.has(digest))) return [];
    return [
      { Config: blobPath(docker.config), RepoTags: repoTags(names), Layers: docker.layers.map((one) => blobPath(one)) },
    ];
  });
  return Buffer.from(JSON.stringify(listed));
}

/**
 * Names for docker's manifest.json: tagged, without digests (docker refuses others). docker itself writes them short;
 * it reads whole ones too, and podman takes a short one for another: localhost/app instead of docker.io/library/app.
 */
export function repoTags(names: readonly string[]): readonly string[] {
  return names.filter((name) => {
    const { tag, digest } = parseReference(name);
    return tag !== undefined && digest === undefined;
  });
}
