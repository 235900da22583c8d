import type * as wire from '@berth/wire/native/api';
import { requestJson, type Transport } from './http.ts';
import type { CallOptions } from './image-client.ts';

/** What lies on the daemon's disk, and why. */
export interface SystemClient {
  /** What takes how much; images are those of the client's namespace. */
  diskUse(options?: CallOptions): Promise<wire.DiskUse>;
  /** Collects garbage now; resolves when the bytes are freed. */
  collect(options?: CallOptions): Promise<wire.GcResult>;
  /**
   * What holds a blob, or each blob of an image. `ref` is a digest, the start of one, or an image's name.
   * @throws not_found, invalid_argument when the start of a digest is not unique
   */
  whatHolds(ref: string, options?: CallOptions): Promise<readonly wire.BlobHolders[]>;
}

export function systemClient(transport: Transport): SystemClient {
  return {
    diskUse: ({ signal } = {}) => requestJson(transport, { method: 'GET', path: '/system/df', signal }),
    collect: ({ signal } = {}) => requestJson(transport, { method: 'POST', path: '/gc', signal }),
    whatHolds: (ref, { signal } = {}) =>
      requestJson(transport, { method: 'GET', path: '/gc/explain', query: { ref }, signal }),
  };
}
