import type { Descriptor } from '@berth/model/manifest';
import type { SourceBlob } from '../medium.ts';

/** One image of a daemon, opened for reading. */
export interface ImageView extends AsyncDisposable {
  readonly targets: readonly Descriptor[];
  has(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  document(descriptor: Descriptor, signal: AbortSignal): Promise<Uint8Array>;
  blob(descriptor: Descriptor): SourceBlob;
}
