import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';

/** The layouts that are understood, by what decided: see `openArchive`. */
export type ArchiveKind = 'oci-layout' | 'docker-archive';

/**
 * An archive of images, or a layout folder, opened for reading. Blobs stay where they are: the archive
 * tells which bytes of which file they are. Dispose removes the decompressed copy, if one was made.
 */
export interface ImageArchive extends AsyncDisposable {
  readonly kind: ArchiveKind;
  images(): readonly ArchivedImage[];
  /** Whether the blob is here: archives of some platforms only name the others too. */
  has(blob: Pick<Descriptor, 'digest'>): boolean;
  /** @throws not_found (`no_such_blob`) */
  source(blob: Digest | Pick<Descriptor, 'digest'>): BlobSource;
  /** The file that a worker reads. @throws not_found, failed_precondition (the blob was made up in memory) */
  layerFile(blob: Digest | Pick<Descriptor, 'digest'>): FileSource;
  /**
   * A whole small blob, its digest verified.
   * @throws not_found, resource_exhausted (larger than `limit` bytes), data_loss (`digest_mismatch`)
   */
  readAll(blob: Pick<Descriptor, 'digest'>, limit: number): Promise<Uint8Array>;
  /** Every blob of every image that is here: targets, manifests, configs, layers; each once, children first. */
  blobs(): readonly Descriptor[];
}

export interface ArchivedImage {
  /** Normalised full references; empty when the archive gives none. */
  readonly names: readonly string[];
  readonly target: Descriptor;
}

export interface FileSource {
  /** Bytes. */
  readonly size: number;
  readonly path: string;
  readonly offset: number;
}

export type BlobSource = FileSource | { readonly size: number; readonly bytes: Uint8Array };
