import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { SourceBlob } from '../medium.ts';

/** One image of a daemon, opened for reading. */
export interface ImageView extends AsyncDisposable {
  readonly targets: readonly Descriptor[];
  has(digest: Digest): boolean;
  document(descriptor: Descriptor): Promise<Uint8Array>;
  blob(descriptor: Descriptor): SourceBlob;
}
