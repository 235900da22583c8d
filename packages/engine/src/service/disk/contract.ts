import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';

/** What takes how much of the disk. */
export interface DiskService {
  /** Looks at the disk, not only at the records. Of committed layers it takes what was counted when they were. */
  use(context: CallContext): Promise<DiskUse>;
}

/** All figures are bytes of allocated blocks, a file with several names counted once, as du(1) counts. */
export interface DiskUse {
  /** What the root folder takes: the five parts below add up to it. */
  readonly total: number;
  /** `reclaimable` is what nothing holds: the next collection takes it. Of all namespaces, each blob once. */
  readonly content: { readonly bytes: number; readonly blobs: number; readonly reclaimable: number };
  /** What broken transfers have brought so far, to be taken up again. */
  readonly ingests: { readonly bytes: number; readonly count: number };
  /** Unpacked layers, and folders that are being deleted. */
  readonly layers: { readonly bytes: number; readonly snapshots: number; readonly reclaimable: number };
  /** Writable layers and logs of all namespaces' containers. */
  readonly containers: { readonly bytes: number; readonly count: number };
  /** Databases, locks, temporary files and the folders that all of this is in. */
  readonly other: { readonly bytes: number };
  /** Images of the caller's namespace, largest `unique` first. */
  readonly images: readonly ImageUse[];
}

/** One target with what it holds: content and unpacked layers. */
export interface ImageUse {
  readonly id: Digest;
  /** Normalised; empty when untagged. */
  readonly names: readonly string[];
  /** Content and layers that no other image has. */
  readonly unique: number;
  /** What other images have as well. */
  readonly shared: number;
  /** Of `unique` what no container and no lease holds: removing the image from its share group frees it. */
  readonly reclaimable: number;
  /** How many containers of this namespace were made of it. */
  readonly containers: number;
}
