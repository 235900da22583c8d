import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { StoreUse, TargetUse } from '#store/disk';

/** What takes how much of the disk. */
export interface DiskService {
  /** Looks at the disk, not only at the records. Of committed layers it takes what was counted when they were. */
  use(context: CallContext): Promise<DiskUse>;
}

/** All figures are bytes of allocated blocks, a file with several names counted once, as du(1) counts. */
export interface DiskUse extends Omit<StoreUse, 'targets'> {
  /** Images of the caller's namespace, largest `unique` first. */
  readonly images: readonly ImageUse[];
}

/** One target with what it holds: content and unpacked layers. */
export interface ImageUse extends TargetUse {
  readonly id: Digest;
  /** Normalised; empty when untagged. */
  readonly names: readonly string[];
  /** How many containers of this namespace were made of it. */
  readonly containers: number;
}
