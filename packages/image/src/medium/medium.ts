import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { Platform } from '@berth/model/platform';

/**
 * A *medium* is a kind of place where images are: a registry, a layout folder, an archive, a live daemon's store. Each
 * is a folder beside this file and gives an `ImageSource`, an `ImageTarget` or both; `copy` knows nothing else.
 *
 * Vocabulary: a *document* is a manifest, an index or a config: small, parsed, never re-serialised. A *blob* is anything
 * else that a manifest names: a layer, or an artifact's file. A *target* descriptor is what a name points at.
 *
 * Nothing that a target was given is visible under a name before `publish`. What was stored by a copy that failed is
 * left to the target's own garbage collection, or removed where it has none.
 */
export interface ImageSource extends AsyncDisposable {
  /** As messages name it, e.g. `registry://localhost:5000/app:1`; never with credentials. */
  readonly title: string;
  /** What the location names: one image, or all of an archive. */
  images(signal: AbortSignal): Promise<readonly SourceImage[]>;
  /** Whether the document or blob is here: indexes may name platforms that are not. */
  has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** A whole document, its size and digest verified. @throws not_found, data_loss, resource_exhausted */
  document(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
  /** A blob's bytes. They are not verified: whoever stores them does. */
  blob(descriptor: Descriptor): SourceBlob;
  /** The registry repository that the blobs are in: a target in the same registry mounts them from there. */
  readonly origin?: RepositoryName;
  /**
   * The manifests are made here, from configs (docker's graph store, `docker save` of old): nobody knows an image by their
   * digests, so that `copy` may name a layer in the form that the target has (`ImageTarget.substitute`).
   */
  readonly makesManifests?: boolean;
  /** What may pass is tried again in here, as often as is sensible: `copy` does so only where it is told how often. */
  readonly triesAgain?: boolean;
}

export interface SourceImage {
  /** Normalised full references that the source knows it by; may be empty. */
  readonly names: readonly string[];
  readonly target: Descriptor;
}

export interface SourceBlob {
  /** The bytes from `offset` (0 when absent) to the end. A lost connection ends it with an error, to be resumed. */
  read(signal: AbortSignal, offset?: number): AsyncIterable<Uint8Array>;
  /** Where the bytes are a part of a local file: they need not pass through memory. */
  readonly file?: { readonly path: string; readonly offset: number };
}

export interface RepositoryName {
  /** Registry host with port. */
  readonly domain: string;
  readonly path: string;
}

export interface ImageTarget extends AsyncDisposable {
  readonly title: string;
  readonly abilities: TargetAbilities;
  /**
   * The location names no image (a whole archive or layout): several may be put, and each is published under the names
   * that its source has for it. Otherwise there is one image, and the target itself knows its name.
   */
  readonly keepsNames?: boolean;
  /** As a source's. */
  readonly triesAgain?: boolean;
  /** Refuses names of `publish` that it cannot give, before anything is put. @throws invalid_argument */
  checkNames?(names: readonly string[]): void;
  /**
   * True when the blob or document is there already, or could be had without sending it (mounted from the origin in
   * the same registry): then it is not put. With a `diffId` or `chainId` a target that keeps unpacked layers may know
   * it by that.
   */
  has(descriptor: Descriptor, hints: BlobHints): Promise<boolean>;
  /**
   * Another form of a layer that is there already, e.g. compressed: same diff id, other digest. Asked when `has` said no
   * and the source `makesManifests`; `copy` then puts a manifest with this descriptor and does not put the layer.
   */
  substitute?(descriptor: Descriptor, diffId: Digest, signal: AbortSignal): Promise<Descriptor | undefined>;
  /** Stores a blob, verified. Called for several at once. @throws data_loss (`digest_mismatch`, `size_mismatch`) */
  putBlob(descriptor: Descriptor, source: SourceBlob, hints: BlobHints): Promise<void>;
  /**
   * Stores a document with these very bytes; what it names (of the chosen platforms) was put before. Manifests and
   * indexes are always put, also where `has` would find them; configs are not when `has` finds them.
   */
  putDocument(descriptor: Descriptor, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /**
   * Makes the image visible. Called once for each image, after all its content was put.
   * @throws aborted (`content_gone`) when what `has` found is gone since: `copy` asks and puts all of the image once more
   */
  publish(image: PublishedImage, signal: AbortSignal): Promise<void>;
  /** Called once, after the last `publish`, where all images become visible together: archives. */
  finish?(signal: AbortSignal): Promise<void>;
}

export interface TargetAbilities {
  /** An index can be stored. Without it `copy` takes one platform's manifest out of it. */
  readonly index: boolean;
  /** An index may name manifests that are not there (stores; not registries and archives for others). */
  readonly sparseIndex: boolean;
  /** The manifest's own bytes are kept. Graph-driver dockerd and docker-archive make their own from the config. */
  readonly manifestBytes: boolean;
  /** Artifacts: manifests without a file system, referrers. */
  readonly artifacts: boolean;
  /** Layer compressions that can be stored: others are changed on the way, or refused under --preserve-digests. */
  readonly compressions: readonly ('none' | 'gzip' | 'zstd')[];
}

export interface BlobHints {
  readonly signal: AbortSignal;
  /** Of a layer: digest of its uncompressed tar, from the image's config. */
  readonly diffId?: Digest;
  /** Of a layer: it and all below it (image-spec, config.md, "Layer ChainID"). Unpacked layers are known by this. */
  readonly chainId?: Digest;
  /** Of a layer: what its image runs on, by its config. */
  readonly platform?: Platform;
  readonly origin?: RepositoryName;
  /** Bytes stored so far, with those that were there from an earlier try. */
  readonly onProgress?: (bytes: number) => void;
}

export interface PublishedImage {
  readonly target: Descriptor;
  /**
   * Further names for the image (`--additional-tag`), normalised, besides the one that the location gives. When the
   * location gives none (a whole archive, a store), `names` are the source's own.
   */
  readonly names: readonly string[];
  /** One platform's manifest and config, where the target unpacks or converts: the host's, or the only one. */
  readonly manifests: readonly Descriptor[];
}
