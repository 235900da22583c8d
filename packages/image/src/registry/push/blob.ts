import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { hasBlob } from '../blob/presence.ts';
import type { Place } from '../place.ts';
import type { Body } from '../transport/exchange.ts';
import { pauseBefore } from '../transport/retry.ts';
import {
  beginUpload,
  cancelUpload,
  finishUpload,
  type Parcel,
  patchUpload,
  type UploadState,
  uploadState,
} from './upload.ts';

export interface PushBlobOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (bytes: number) => void;
}

type Read = (offset: number) => AsyncIterable<Uint8Array>;

/**
 * Sends a blob: in one request at first. When that breaks, the registry is asked how much it has and gets the rest.
 * Where a gateway finds the blob too big for one request (413), it goes in chunks.
 * @throws as RegistryClient says; what `read` throws
 */
export async function pushBlob(
  place: Place,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  read: Read,
  options: PushBlobOptions,
): Promise<void> {
  const parcel = { place, session: await place.hosts.pushSession(place.name.domain), digest: descriptor.digest };
  const upload = new Upload(parcel, descriptor.size, read, options);
  await upload.run();
}

const nothing: Body = { size: 0, async *read() {} };

class Upload {
  readonly #parcel: Parcel;
  readonly #size: number;
  readonly #read: Read;
  readonly #options: PushBlobOptions;
  #state: UploadState | undefined;
  #chunked = false;
  #failures = 0;

  constructor(parcel: Parcel, size: number, read: Read, options: PushBlobOptions) {
    this.#parcel = parcel;
    this.#size = size;
    this.#read = read;
    this.#options = options;
  }

  async run(): Promise<void> {
    try {
      while (!(await this.#tried()));
    } catch (error) {
      if (this.#state !== undefined) await cancelUpload(this.#parcel, this.#state.url);
      if (!this.#options.signal.aborted || error instanceof BerthError) throw error;
      throw new BerthError('cancelled', `upload of blob ${this.#parcel.digest}: cancelled`, { cause: error });
    }
  }

  /** False when it is to be tried again. */
  async #tried(): Promise<boolean> {
    const { signal } = this.#options;
    this.#state ??= await beginUpload(this.#parcel, signal);
    const before = this.#state.at;
    try {
      await this.#sendRest(this.#state);
      return true;
    } catch (error) {
      if (signal.aborted || !(error instanceof BerthError)) throw error;
      if (this.#tooBigForOne(error)) return false;
      if (!mayGoOn(error)) throw error;
      if (this.#state.at > before) this.#failures = 0;
      await this.#pause(error);
      return await this.#findOut();
    }
  }

  async #sendRest(state: UploadState): Promise<void> {
    const { signal } = this.#options;
    if (state.at === 0 && !this.#chunked) {
      await finishUpload(this.#parcel, state.url, this.#part(0, this.#size), signal);
      return;
    }
    const { chunkSize } = this.#parcel.place.hosts.tuning;
    const chunk = this.#chunked ? Math.max(chunkSize, state.leastChunk) : this.#size;
    let current = state;
    while (current.at < this.#size) {
      const size = Math.min(chunk, this.#size - current.at);
      current = await patchUpload(this.#parcel, current, this.#part(current.at, size), signal);
      this.#state = current;
    }
    await finishUpload(this.#parcel, current.url, nothing, signal);
  }

  #tooBigForOne(error: BerthError): boolean {
    if (this.#chunked || error.code !== 'too_big_for_registry') return false;
    this.#chunked = true;
    this.#state = undefined;
    return true;
  }

  /** Asks how far it came. @returns true when all is there already: only the answer was lost */
  async #findOut(): Promise<boolean> {
    const { signal } = this.#options;
    try {
      const state = await uploadState(this.#parcel, this.#state!.url, signal);
      // Nothing of it, or more than there is: a new one is simpler than to find out why.
      const usable = state.at > 0 && state.at <= this.#size;
      if (!usable) await cancelUpload(this.#parcel, state.url);
      this.#state = usable ? { ...state, leastChunk: this.#state!.leastChunk } : undefined;
      return false;
    } catch (error) {
      if (!isKind(error, 'not_found') && !isKind(error, 'unimplemented') && !isKind(error, 'invalid_argument'))
        throw error;
      this.#state = undefined;
      return await hasBlob(this.#parcel.place, this.#parcel.digest, signal);
    }
  }

  async #pause(error: BerthError): Promise<void> {
    const { tuning } = this.#parcel.place.hosts;
    const pause = pauseBefore(this.#failures++, undefined, tuning);
    if (pause === undefined) throw error;
    await tuning.clock.sleep(pause, this.#options.signal);
  }

  /** `size` bytes from `start`. */
  #part(start: number, size: number): Body {
    const read = this.#read;
    const { onProgress } = this.#options;
    const whole = start + size === this.#size;
    return {
      size,
      async *read() {
        let at = start;
        for await (const piece of read(start)) {
          const left = start + size - at;
          // At the blob's end a source that goes on is a fault, which the sender must see.
          const wanted = whole || piece.length <= left ? piece : piece.subarray(0, left);
          at += wanted.length;
          yield wanted;
          onProgress?.(at);
          if (!whole && at >= start + size) return;
        }
      },
    };
  }
}

function mayGoOn(error: BerthError): boolean {
  return ['unavailable', 'out_of_range', 'resource_exhausted'].includes(error.kind) || error.code === 'no_such_upload';
}
