import type * as wire from '@berth/wire/native/api';
import { type HttpCall, requestJson, type Transport } from './http.ts';
import type { CallOptions } from './image-client.ts';

/**
 * Pods, as kubelet and crictl make them over the daemon's CRI. `ref` is an id, the start of one, or the pod's name when
 * only one has it.
 */
export interface PodClient {
  /** Newest first. @param options `filters`: `name=web`, `namespace=shop`, `status=ready`, `label=a=b`, `id=…` */
  list(options?: CallOptions & { readonly filters?: readonly string[] }): Promise<readonly wire.PodSummary[]>;
  /** @throws not_found (`no_such_pod`) */
  inspect(ref: string, options?: CallOptions): Promise<wire.PodDetail>;
  /** Ends its containers at once, and takes its network down. @throws not_found */
  stop(ref: string, options?: CallOptions): Promise<void>;
  /** With its containers. @throws not_found, failed_precondition (`still_running`) unless `force` */
  remove(ref: string, options?: CallOptions & { readonly force?: boolean }): Promise<void>;
}

export function podClient(transport: Transport): PodClient {
  const place = (ref: string, rest = '') => `/pods/${encodeURIComponent(ref)}${rest}`;
  const call = <T>(method: HttpCall['method'], path: string, more: Pick<HttpCall, 'query' | 'signal'>): Promise<T> =>
    requestJson<T>(transport, { method, path, ...more });
  return {
    list: ({ filters, signal } = {}) => call('GET', '/pods', { query: { filter: filters }, signal }),
    inspect: (ref, { signal } = {}) => call('GET', place(ref), { signal }),
    stop: (ref, { signal } = {}) => call('POST', place(ref, '/stop'), { signal }),
    remove: (ref, { force, signal } = {}) => call('DELETE', place(ref), { query: { force }, signal }),
  };
}
