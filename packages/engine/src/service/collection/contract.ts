import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { Holder } from '#store/metadata';

/** Garbage collection as users see it. It runs by itself; docs/stores.md says when. */
export interface CollectionService {
  /** Collects now; resolves when the bytes are freed. */
  collect(context: CallContext): Promise<Collected>;
  /**
   * What holds a blob, and by which way. `ref` is a digest, the start of one (3 characters at least, with or without
   * `sha256:`), or an image's name in any familiar form: then every blob of that image is explained.
   * @throws not_found (`no_such_content`, `no_such_image`), invalid_argument (`ambiguous_id`)
   */
  explain(context: CallContext, ref: string): Promise<readonly ExplainedBlob[]>;
}

export interface Collected {
  readonly blobs: readonly string[];
  /** Keys. */
  readonly snapshots: readonly string[];
  /** Bytes. */
  readonly freed: number;
}

export interface ExplainedBlob {
  readonly digest: Digest;
  /** Images before containers, leases and labels; empty: the next collection takes the blob. */
  readonly holders: readonly Holder[];
}
