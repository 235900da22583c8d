import type { ImageDetail, ImageSummary, ProgressEvent, RemoveImageResult } from '@berth/wire/native/api';
import { requestJson, requestLines, type Transport } from './http.ts';

/** The last argument of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Where an archive comes from: an absolute path on the daemon's machine, or bytes that are sent to it. */
export type ArchiveSource = { readonly path: string } | { readonly body: AsyncIterable<Uint8Array> };

export interface ImportOptions extends CallOptions {
  /** The new image's reference. */
  readonly name?: string | undefined;
  readonly message?: string | undefined;
  /** Lines as of a Dockerfile: `CMD ["sh"]`, `ENV A=b`. */
  readonly changes?: readonly string[];
}

/** Images in the daemon's store. */
export interface ImageClient {
  list(options?: CallOptions): Promise<readonly ImageSummary[]>;
  /** @throws not_found, failed_precondition when a short id is not unique */
  inspect(ref: string, options?: CallOptions): Promise<ImageDetail>;
  /** Events while it works; the last one has `done`. @throws in the loop, when the load fails */
  load(source: ArchiveSource, options?: CallOptions): AsyncIterable<ProgressEvent>;
  /** Makes a one-layer image of a root file system's archive. */
  import(source: ArchiveSource, options?: ImportOptions): AsyncIterable<ProgressEvent>;
  tag(source: string, target: string, options?: CallOptions): Promise<void>;
  /** @throws not_found, failed_precondition while a container uses it and `force` is not set */
  remove(ref: string, options?: CallOptions & { readonly force?: boolean }): Promise<RemoveImageResult>;
}

export function imageClient(transport: Transport): ImageClient {
  const post = <T>(path: string, json: unknown, { signal }: CallOptions) =>
    requestJson<T>(transport, { method: 'POST', path, json, signal });
  return {
    list: ({ signal } = {}) => requestJson(transport, { method: 'GET', path: '/images', signal }),
    inspect: (ref, { signal } = {}) =>
      requestJson(transport, { method: 'GET', path: '/images/inspect', query: { ref }, signal }),
    load: (source, { signal } = {}) =>
      requestLines(transport, { method: 'POST', path: '/images/load', ...carry(source), signal }),
    import(source, { name, message, changes, signal } = {}) {
      const { query, ...rest } = carry(source);
      const full = { ...query, name, message, change: changes };
      return requestLines(transport, { method: 'POST', path: '/images/import', query: full, ...rest, signal });
    },
    tag: (source, target, options = {}) => post('/images/tag', { source, target }, options),
    remove: (ref, { force, ...options } = {}) =>
      post('/images/remove', force === undefined ? { ref } : { ref, force }, options),
  };
}

function carry(source: ArchiveSource): { query?: { path: string }; body?: AsyncIterable<Uint8Array> } {
  return 'path' in source ? { query: { path: source.path } } : { body: source.body };
}
