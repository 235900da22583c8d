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

/** GET /system/df */
export interface DiskUse {
  /** What the daemon's root folder takes on the disk, bytes; the parts below add up to it. */
  readonly total: number;
  /** Blobs that images hold, ingests that wait to be taken up, blobs that nothing holds. */
  readonly content: { readonly bytes: number; readonly blobs: number; readonly reclaimable: number };
  readonly ingests: { readonly bytes: number; readonly count: number };
  readonly layers: { readonly bytes: number; readonly snapshots: number; readonly reclaimable: number };
  /** Containers' own writable layers and their logs. */
  readonly containers: { readonly bytes: number; readonly count: number };
  /** Database, locks, temporary files. */
  readonly other: { readonly bytes: number };
  readonly images: readonly ImageUse[];
}

export interface ImageUse {
  readonly id: string;
  readonly names: readonly string[];
  /** Bytes of content and layers that no other image has. */
  readonly unique: number;
  readonly shared: number;
  /** Of `unique` what neither a container nor a lease holds: what removing the image frees. */
  readonly reclaimable: number;
  readonly containers: number;
}

/** POST /gc; GET /gc/explain?ref=DIGEST-OR-IMAGE answers BlobHolders of each blob. */
export interface GcResult {
  readonly blobs: readonly string[];
  readonly snapshots: readonly string[];
  /** Bytes. */
  readonly freed: number;
}

export interface BlobHolders {
  readonly digest: string;
  /** Empty: the next collection takes it. */
  readonly holders: readonly {
    readonly kind: 'image' | 'container' | 'lease' | 'label';
    readonly namespace: string;
    readonly name: string;
    /** From the first thing held down to the blob. */
    readonly path: readonly string[];
  }[];
}

/** GET /namespaces; POST /namespaces/NAME {NamespaceChange} (create or change); DELETE /namespaces/NAME */
export interface NamespaceView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Namespaces of one group see each other's images; empty: shared with none. */
  readonly shareGroup: string;
}

/** What is absent stays as it is. */
export interface NamespaceChange {
  /** Replaces those given; an empty value removes a label. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Empty: shared with none. */
  readonly shareGroup?: string;
}

/** GET /leases; POST /leases {LeaseRequest}; DELETE /leases/ID?sync=1 */
export interface LeaseRequest {
  /** Absent: one is made up. */
  readonly id?: string;
  /** Milliseconds; absent: it has no end. */
  readonly ttl?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface LeaseView {
  readonly id: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** RFC 3339; absent: it has no end. */
  readonly expiresAt?: string;
}

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

// Containers -----------------------------------------------------------------------------------------

/** POST /containers answers ContainerCreated. Docker's meanings throughout. */
export interface ContainerCreate {
  readonly name?: string;
  readonly image: string;
  readonly command?: readonly string[];
  /** Absent: the image's. Empty: none, so that `command` runs alone. */
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly tty?: boolean;
  readonly openStdin?: boolean;
  /** Standard input ends when the first attached client goes. */
  readonly stdinOnce?: boolean;
  readonly mounts?: readonly BindMount[];
  readonly tmpfs?: readonly { readonly target: string; readonly options: readonly string[] }[];
  readonly readonlyRootfs?: boolean;
  /** Bytes. */
  readonly memory?: number;
  /** Memory plus swap, bytes; -1 unlimited. */
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  /** 1e9 is one core. */
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly pidsLimit?: number;
  readonly shmSize?: number;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  /** Absent: the default profile; `unconfined`; or a profile's JSON text. */
  readonly seccomp?: string;
  readonly noNewPrivileges?: boolean;
  readonly network?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly oomScoreAdj?: number;
  /** One of the daemon's runtimes; absent: `berth`. */
  readonly runtime?: string;
  readonly autoRemove?: boolean;
  readonly stopSignal?: string;
  /** Seconds. */
  readonly stopTimeout?: number;
  /** Fail this record of the plan without running it: tests of failed starts. */
  readonly injectFailure?: number;
}

export interface BindMount {
  /** Absolute host path. */
  readonly source: string;
  readonly target: string;
  readonly readonly?: boolean;
  /** `rprivate` (default), `rslave`, `rshared`, … */
  readonly propagation?: string;
  /** Make a missing source folder, as docker's -v does (its --mount does not). */
  readonly createSource?: boolean;
}

export interface ContainerCreated {
  readonly id: string;
  readonly name: string;
  readonly warnings: readonly string[];
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'exited' | 'dead';

/** GET /containers?all=1&filter=name=… (filters: id, name, status, label, ancestor, exited) */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** As docker prints it: entrypoint and arguments. */
  readonly command: string;
  readonly createdAt: string;
  readonly status: ContainerStatus;
  readonly state: ContainerState;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerState {
  readonly status: ContainerStatus;
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why a start failed, one line. */
  readonly error: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** GET /containers/ID */
export interface ContainerDetail extends ContainerSummary {
  readonly config: ContainerCreate;
  readonly args: readonly string[];
  /** Name of the runtime that runs it. */
  readonly runtime: string;
  /** By name, the image's when nobody chose one. */
  readonly stopSignal: string;
  readonly cgroupPath: string;
  readonly logPath: string;
  readonly snapshotKey: string;
  /** The OCI runtime spec that was or will be run. */
  readonly spec: unknown;
  readonly execs: readonly string[];
}

/** POST /containers/ID/stop?timeout=SECONDS&signal= ; POST /containers/ID/kill?signal= ; POST /containers/ID/start,
 * /pause, /unpause, /rename?name= ; DELETE /containers/ID?force=1 ; POST /containers/ID/resize?rows=&columns= */

/** POST /containers/ID/wait?condition=not-running|next-exit|removed */
export interface WaitResult {
  readonly exitCode: number;
  readonly error?: string;
}

/** GET /containers/ID/logs?follow=1&tail=N&since=&until=&stdout=1&stderr=1&timestamps=1 answers stream frames. */

/** GET /containers/ID/top?ps=ARGS */
export interface TopResult {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

/** GET /containers/ID/stats?stream=1 answers JSON lines. */
export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly readAt: string;
  /** Nanoseconds of CPU time so far. */
  readonly cpuUsage: number;
  readonly throttledPeriods: number;
  /** Bytes, without the page cache that can go (docker's figure). */
  readonly memoryUsage: number;
  /** Bytes; the machine's memory when unlimited. */
  readonly memoryLimit: number;
  readonly networkRx: number;
  readonly networkTx: number;
  readonly blockRead: number;
  readonly blockWrite: number;
  readonly pids: number;
  readonly onlineCpus: number;
}

/** GET /containers/ID/explain */
export interface Explanation {
  readonly id: string;
  readonly runtime: string;
  /** False: the runtime is a command without a plan, and the steps are those of its shim. */
  readonly hasOwnPlan: boolean;
  readonly startedAt: string;
  /** Nanoseconds from the API call to the running program. */
  readonly total: number;
  readonly failed?: {
    readonly record: number;
    readonly errno: string;
    readonly message: string;
    readonly hint?: string;
  };
  readonly steps: readonly ExplainedStep[];
}

export interface ExplainedStep {
  readonly index: number;
  readonly track: 'host' | 'container';
  readonly text: string;
  readonly ran: boolean;
  /** Nanoseconds. */
  readonly took: number;
  /** errno name of a step that failed and was tolerated, or that ended the plan. */
  readonly errno?: string;
}

/** POST /containers/ID/exec answers ExecCreated. */
export interface ExecCreate {
  readonly command: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly tty?: boolean;
  readonly attachStdin?: boolean;
  readonly attachOutput?: boolean;
  readonly privileged?: boolean;
}

export interface ExecCreated {
  readonly id: string;
}

/** GET /exec/ID ; POST /exec/ID/resize?rows=&columns= */
export interface ExecDetail {
  readonly id: string;
  readonly containerId: string;
  readonly running: boolean;
  readonly pid: number;
  readonly exitCode: number;
}

/** GET /events?since=&until=&filter= answers JSON lines. */
export interface EngineEvent {
  readonly type: 'container' | 'image';
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly time: string;
}
