// The part of the API that is about containers and events; `api.ts` says how it is spoken.

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

/**
 * GET /containers?all=1&filter=name=… (filters: id, name, status, label, ancestor, exited, pod). Without the namespace's
 * header it is about containers of all namespaces; and a container that `default` does not have is looked for in the others.
 */
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
  /** The engine's: `default`, `k8s.io`. */
  readonly namespace: string;
  /** The pod that it is a part of. */
  readonly pod?: PodOfContainer;
}

export interface PodOfContainer {
  readonly id: string;
  readonly name: string;
  /** The cluster's. */
  readonly namespace: string;
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
