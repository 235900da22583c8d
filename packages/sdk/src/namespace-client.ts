import type * as wire from '@berth/wire/native/api';
import { requestJson, type Transport } from './http.ts';
import type { CallOptions } from './image-client.ts';

/** Namespaces: each has its own images, containers and leases. Those of one share group see each other's images. */
export interface NamespaceClient {
  list(options?: CallOptions): Promise<readonly wire.NamespaceView[]>;
  /** Makes a namespace or changes it. @throws invalid_argument */
  put(name: string, change?: wire.NamespaceChange, options?: CallOptions): Promise<wire.NamespaceView>;
  /** @throws not_found, failed_precondition (`not_empty`) */
  remove(name: string, options?: CallOptions): Promise<void>;
}

export function namespaceClient(transport: Transport): NamespaceClient {
  const place = (name: string) => `/namespaces/${encodeURIComponent(name)}`;
  return {
    list: ({ signal } = {}) => requestJson(transport, { method: 'GET', path: '/namespaces', signal }),
    put: (name, change = {}, { signal } = {}) =>
      requestJson(transport, { method: 'POST', path: place(name), json: change, signal }),
    remove: (name, { signal } = {}) => requestJson(transport, { method: 'DELETE', path: place(name), signal }),
  };
}
