export type * from './container-api.ts';
export type * from './pod-api.ts';
export type * from './store-api.ts';

/**
 * Berth's own API, the one the `berth` command and the SDK speak: JSON over HTTP/1.1 on the daemon's socket, below
 * `/berth/v1`. Docker's, containerd's and the CRI's dialects sit beside it on the same socket.
 *
 * Errors are `{ "error": ApiError }` with the HTTP status of the kind. Long operations answer with JSON lines of
 * `ProgressEvent`; the last one has `done` or `error`. Times are RFC 3339 with nanoseconds, empty when unset.
 */
export const apiPrefix = '/berth/v1';

/** Request header: the namespace whose images, containers and leases a call sees; `default` when absent. */
export const namespaceHeader = 'berth-namespace';

export interface ApiError {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** GET /ping */
export interface Ping {
  readonly version: string;
  readonly pid: number;
  readonly root: string;
  readonly run: string;
}

/** GET /info */
export interface Info extends Ping {
  readonly containers: { readonly running: number; readonly paused: number; readonly stopped: number };
  readonly images: number;
  readonly snapshotter: string;
  /** Names of the runtimes that a container may ask for; the first is the default. */
  readonly runtimes: readonly string[];
  readonly cgroup: { readonly version: 1 | 2; readonly driver: string };
  readonly kernel: string;
  readonly architecture: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly warnings: readonly string[];
}

// Images ---------------------------------------------------------------------------------------------

/** GET /images */
export interface ImageSummary {
  /** The target's digest. */
  readonly id: string;
  /** Familiar references, e.g. `busybox:latest`; empty for an untagged image. */
  readonly names: readonly string[];
  readonly mediaType: string;
  readonly createdAt: string;
  /** Bytes of content and of the unpacked layers. */
  readonly size: number;
  readonly contentSize: number;
  readonly platforms: readonly string[];
  /** How many containers use it. */
  readonly containers: number;
}

/** GET /images/inspect?ref= */
export interface ImageDetail extends ImageSummary {
  readonly configDigest: string;
  readonly architecture: string;
  readonly os: string;
  /** The image's run config, in the wire's own names (Env, Entrypoint, …). */
  readonly config: Readonly<Record<string, unknown>>;
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly diffId: string }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly Readonly<Record<string, unknown>>[];
}

/**
 * POST /images/load?path=FILE-OR-FOLDER (absolute, on the daemon's machine) or with the archive as the body;
 * POST /images/import?path=FILE&name=REF&message=… likewise, `change=` repeated (`CMD ["sh"]`, `ENV A=b`, …).
 */
export interface ProgressEvent {
  /** What it is about: a short digest or a name. */
  readonly id?: string;
  readonly status?: string;
  readonly current?: number;
  readonly total?: number;
  readonly done?: LoadResult;
  readonly pulled?: PullResult;
  readonly pushed?: PushResult;
  readonly error?: ApiError;
}

export interface LoadResult {
  readonly images: readonly { readonly id: string; readonly names: readonly string[] }[];
}

/**
 * POST /images/pull answers progress lines, the last with `pulled`. Credentials never come back in any answer.
 */
export interface PullRequest {
  readonly ref: string;
  /** `os/arch[/variant]`, or `all` alone; absent: the daemon's own. */
  readonly platforms?: readonly string[];
  readonly allTags?: boolean;
  readonly auth?: RegistryAuth;
}

/** Absent parts are empty: docker's AuthConfig, as far as it is used. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface PullResult {
  readonly images: readonly { readonly name: string; readonly id: string; readonly isNew: boolean }[];
}

/** POST /images/push answers progress lines, the last with `pushed`. */
export type PushRequest = PullRequest;

export interface PushResult {
  readonly images: readonly { readonly name: string; readonly id: string }[];
}

/** GET /images/save?ref=REF&ref=…&platform=… answers a tar. */

/** GET /images/history?ref=&platform= */
export interface HistoryEntry {
  readonly createdAt: string;
  readonly createdBy: string;
  readonly comment: string;
  /** Bytes. */
  readonly size: number;
  readonly id?: string;
  readonly names: readonly string[];
}

/** POST /images/prune */
export interface PruneRequest {
  readonly all?: boolean;
  /** RFC 3339. */
  readonly until?: string;
  readonly labels?: readonly string[];
}

export interface PruneResult {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
  /** Bytes. */
  readonly freed: number;
}

/** GET /containers/ID/export answers a tar of the container's file system. */

/** POST /images/tag */
export interface TagRequest {
  readonly source: string;
  readonly target: string;
}

/** POST /images/remove */
export interface RemoveImageRequest {
  readonly ref: string;
  readonly force?: boolean;
}

export interface RemoveImageResult {
  readonly untagged: readonly string[];
  readonly deleted: readonly string[];
}
