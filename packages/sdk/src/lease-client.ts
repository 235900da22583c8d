import type * as wire from '@berth/wire/native/api';
import { requestJson, type Transport } from './http.ts';
import type { CallOptions } from './image-client.ts';

/** Leases of the client's namespace: what is written under one is kept until it is deleted or its time is over. */
export interface LeaseClient {
  list(options?: CallOptions): Promise<readonly wire.LeaseView[]>;
  /** @throws already_exists (`lease_exists`), invalid_argument */
  create(request?: wire.LeaseRequest, options?: CallOptions): Promise<wire.LeaseView>;
  /** With `sync` its bytes are freed when this resolves. @throws not_found (`no_such_lease`) */
  remove(id: string, options?: CallOptions & { readonly sync?: boolean }): Promise<void>;
}

export function leaseClient(transport: Transport): LeaseClient {
  return {
    list: ({ signal } = {}) => requestJson(transport, { method: 'GET', path: '/leases', signal }),
    create: (request = {}, { signal } = {}) =>
      requestJson(transport, { method: 'POST', path: '/leases', json: request, signal }),
    remove: (id, { sync, signal } = {}) =>
      requestJson(transport, { method: 'DELETE', path: `/leases/${encodeURIComponent(id)}`, query: { sync }, signal }),
  };
}
