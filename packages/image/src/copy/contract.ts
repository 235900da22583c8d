import type { Digest } from '@berth/model/digest';
import type { Platform } from '@berth/model/platform';

/** How an image is copied. The defaults move as little as they can and change no byte. */
export interface CopyOptions {
  readonly signal: AbortSignal;
  /**
   * Which platforms of an index: `host` (this machine's), `all`, or some. With `host` or one platform a target that takes
   * sparse indexes keeps the index and gets that platform's content; others get the platform's manifest alone.
   * With several, a target without sparse indexes gets a new index of just those, unless digests are to be preserved.
   */
  readonly platforms: 'host' | 'all' | readonly Platform[];
  /** Fail where a digest would change. */
  readonly preserveDigests?: boolean;
  /** Further names at the target, normalised. */
  readonly additionalNames?: readonly string[];
  /**
   * Tries again after failures that may pass (`isTransient`), with back-off: this often. When absent 3 times, and not at all
   * for a medium that does so by itself (`triesAgain`).
   */
  readonly retries?: number;
  /** Layers are compressed anew where they are not like this already. */
  readonly compress?: 'gzip' | 'zstd';
  /**
   * Docker's media types become OCI's, which skopeo and umoci want in a layout. Absent: documents keep their bytes, but
   * where a layer is compressed in a way that Docker's types have no word for.
   */
  readonly format?: 'oci';
  /** Blobs moved at once; 3 when absent. */
  readonly concurrency?: number;
  /** Folder for layers that are compressed anew, until they are sent; the system's temporary folder when absent. */
  readonly scratch?: string;
  readonly onProgress?: (step: CopyStep) => void;
}

/** Something that happens to one blob, or to the whole when `id` is the image's name. */
export interface CopyStep {
  /** Short digest, or a name. */
  readonly id: string;
  readonly status: CopyStatus;
  /** Bytes. */
  readonly current?: number;
  readonly total?: number;
}

export type CopyStatus =
  | 'waiting'
  | 'copying'
  | 'already there'
  | 'mounted'
  | 'copied'
  | 'compressing'
  | 'trying again'
  | 'unpacking'
  | 'done';

export interface CopyResult {
  /** The digest is of what was published; targets that make their own manifests know an image by its config instead. */
  readonly images: readonly { readonly names: readonly string[]; readonly digest: Digest }[];
  /** Bytes of blobs sent, and of those that were there already. */
  readonly sent: number;
  readonly present: number;
}
