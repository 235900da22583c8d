import type * as wire from '@berth/wire/native/api';
import { requestBytes, requestJson, requestLines, type Transport } from './http.ts';

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

export interface TransferOptions extends CallOptions {
  /** `os/architecture[/variant]`, or `all` alone; absent: the daemon's own. */
  readonly platforms?: readonly string[] | undefined;
  /** Every tag of the repository. */
  readonly allTags?: boolean | undefined;
  /** Absent: what the daemon itself knows. */
  readonly auth?: wire.RegistryAuth | undefined;
}

export interface SaveOptions extends CallOptions {
  /** Absent: all that are here. */
  readonly platforms?: readonly string[] | undefined;
}

/** Images in the daemon's store. */
export interface ImageClient {
  list(options?: CallOptions): Promise<readonly wire.ImageSummary[]>;
  /** @throws not_found, failed_precondition when a short id is not unique */
  inspect(ref: string, options?: CallOptions): Promise<wire.ImageDetail>;
  /** Events while it works; the last one has `done`. @throws in the loop, when the load fails */
  load(source: ArchiveSource, options?: CallOptions): AsyncIterable<wire.ProgressEvent>;
  /** Makes a one-layer image of a root file system's archive. */
  import(source: ArchiveSource, options?: ImportOptions): AsyncIterable<wire.ProgressEvent>;
  /**
   * Brings an image from its registry. Events while it works; the last one has `pulled`. Whoever leaves the loop gives
   * the pull up, unless others wait for the same.
   * @throws in the loop: not_found, unauthenticated, permission_denied, unavailable, data_loss
   */
  pull(ref: string, options?: TransferOptions): AsyncIterable<wire.ProgressEvent>;
  /** Sends an image to the registry that its name says; the last event has `pushed`. @throws as `pull` */
  push(ref: string, options?: TransferOptions): AsyncIterable<wire.ProgressEvent>;
  /** An OCI layout with docker's manifest.json, as a tar. @throws in the loop, not_found before the first byte */
  save(refs: readonly string[], options?: SaveOptions): AsyncIterable<Uint8Array>;
  /** What made the image, the newest step first. */
  history(
    ref: string,
    options?: CallOptions & { readonly platform?: string | undefined },
  ): Promise<readonly wire.HistoryEntry[]>;
  /** Removes images that no container needs: untagged ones, or `all`. */
  prune(request?: wire.PruneRequest, options?: CallOptions): Promise<wire.PruneResult>;
  tag(source: string, target: string, options?: CallOptions): Promise<void>;
  /** @throws not_found, failed_precondition while a container uses it and `force` is not set */
  remove(ref: string, options?: CallOptions & { readonly force?: boolean }): Promise<wire.RemoveImageResult>;
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
    pull: (ref, options) => transfer(transport, '/images/pull', { ref, ...options }),
    push: (ref, options) => transfer(transport, '/images/push', { ref, ...options }),
    save: (refs, { platforms, signal } = {}) =>
      requestBytes(transport, {
        method: 'GET',
        path: '/images/save',
        query: { ref: refs, platform: platforms },
        signal,
      }),
    history: (ref, { platform, signal } = {}) =>
      requestJson(transport, { method: 'GET', path: '/images/history', query: { ref, platform }, signal }),
    prune: (request = {}, options = {}) => post('/images/prune', request, options),
    tag: (source, target, options = {}) => post('/images/tag', { source, target }, options),
    remove: (ref, { force, ...options } = {}) =>
      post('/images/remove', force === undefined ? { ref } : { ref, force }, options),
  };
}

function transfer(
  transport: Transport,
  path: string,
  { signal, ...json }: TransferOptions & { readonly ref: string },
): AsyncIterable<wire.ProgressEvent> {
  return requestLines(transport, { method: 'POST', path, json, signal });
}

function carry(source: ArchiveSource): { query?: { path: string }; body?: AsyncIterable<Uint8Array> } {
  return 'path' in source ? { query: { path: source.path } } : { body: source.body };
}
