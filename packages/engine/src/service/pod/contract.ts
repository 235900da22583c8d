import type { Duplex } from 'node:stream';
import type { CallContext } from '@berth/model/context';
import type { ContainerState } from '../container/contract.ts';
import type {
  ImageChoice,
  PodConfig,
  PodContainerConfig,
  PodMetadata,
  PodMount,
  Resources,
  StringMap,
} from '@berth/model/pod-config';

/**
 * Pods: containers that share namespaces, a network address and a cgroup parent; the sandbox is what holds these.
 *
 * Life cycle: `run` answers with a *ready* pod or leaves nothing; it is *not ready* once its sandbox process has ended,
 * or after `stop`; `remove` leaves nothing. A pod whose clean-up fails stays, not ready, until a later `remove` succeeds.
 *
 * `run` and `create` belong to the engine once they have begun: when their client goes away they are finished, and the
 * next call of the same name (`PodMetadata`; a container's in its pod) and the same configuration is given the result. A name
 * whose result was handed to its client is refused until the object is removed (already_exists, `name_reserved`).
 *
 * A reference to a pod or container is its id or the start of it when only one has it (not_found, invalid_argument
 * `ambiguous_id`). The sandbox's own process is a container of the container service with the pod's id.
 */
export interface PodService {
  /**
   * @param runtimeHandler name of a configured handler; empty: the default one
   * @throws invalid_argument (the field is named), already_exists (`name_reserved`), not_found (`unknown_runtime`),
   * failed_precondition (`network_not_ready`)
   */
  run(context: CallContext, config: PodConfig, runtimeHandler: string): Promise<string>;
  /** Ends its containers at once, then takes the network down; also of a pod that is not ready. An unknown pod is success. */
  stop(context: CallContext, ref: string): Promise<void>;
  /** As `stop`, then removes its containers and all that is kept of it. An unknown pod is success. */
  remove(context: CallContext, ref: string): Promise<void>;
  /** @throws not_found (`no_such_pod`) */
  inspect(context: CallContext, ref: string): PodView;
  /** Newest first. */
  list(context: CallContext, filter?: PodFilter): readonly PodView[];
  /** After kubelet has changed the pod's cgroup: kept, and seen by `inspect`. @throws not_found */
  updateResources(context: CallContext, ref: string, change: PodResources): Promise<void>;
}

export interface PodResources {
  readonly overhead?: Resources;
  readonly resources?: Resources;
}

export interface PodFilter {
  /** An id or its start. */
  readonly id?: string;
  readonly state?: PodState;
  /** All of them. */
  readonly labels?: StringMap;
}

export type PodState = 'ready' | 'not_ready';

/** What is kept of a pod between restarts of the daemon. */
export interface PodRecord {
  readonly config: PodConfig;
  /** As it was asked for, also when empty. */
  readonly runtimeHandler: string;
  /** `making`: `run` has not come to its end; `stopping`: the network is on its way down; `stopped`: nothing runs and it is down. */
  readonly phase: 'making' | 'running' | 'stopping' | 'stopped';
  /** The pod's own network namespace as a path, empty with the host's. */
  readonly netns: string;
  readonly network?: PodAddresses;
  /** The topmost cgroup that was made because the pod's parent was not there; absent: none. It goes with the pod. */
  readonly madeCgroup?: string;
  /** Whether some client was given its id; until then the next call of the same name and configuration is. */
  readonly handed?: boolean;
}

export interface PodView extends PodRecord {
  readonly namespace: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly state: PodState;
  /** Of the sandbox's process, in the host's view; 0 when it has ended. */
  readonly pid: number;
}

/** What the network gave a pod. */
export interface PodAddresses {
  /** Without prefix lengths; the first one is the pod's address. Empty for a pod in the host's network. */
  readonly ips: readonly string[];
  /** The whole CNI result, for `inspectp`. */
  readonly result?: unknown;
}

/** Containers of pods. Refers to containers as `PodService` does; those outside of pods are not seen here. */
export interface PodContainerService {
  /**
   * Made, not started. The image must be here.
   * @throws not_found (`no_such_pod`, `no_such_image`), failed_precondition (`pod_not_ready`), already_exists
   * (`name_reserved`), invalid_argument (the field is named)
   */
  create(context: CallContext, pod: string, config: PodContainerConfig): Promise<string>;
  /**
   * Once in a container's life. Its log is there when this resolves. A start that fails leaves an exited container with
   * reason `StartError` and exit code 128. @throws not_found, failed_precondition (`not_created`, `pod_not_ready`, start errors)
   */
  start(context: CallContext, ref: string): Promise<void>;
  /** Resolves when the end is on record. Unknown or not running is success. @param timeout seconds; 0: SIGKILL at once */
  stop(context: CallContext, ref: string, timeout: number): Promise<void>;
  /** Also one that runs. Unknown is success. The name is free when nothing else is left. */
  remove(context: CallContext, ref: string): Promise<void>;
  /** @throws not_found (`no_such_container`) */
  inspect(context: CallContext, ref: string): PodContainerView;
  /** Newest first. */
  list(context: CallContext, filter?: PodContainerFilter): readonly PodContainerView[];
  /**
   * Only what is specified changes. Of one that does not run yet it is kept for the start.
   * @throws not_found, failed_precondition (`not_running` once it has ended), what the kernel refuses; then nothing changed
   */
  updateResources(context: CallContext, ref: string, resources: Resources): Promise<void>;
  /** After the file was moved away: makes a new one, without losing a line. @throws not_found, failed_precondition (`not_running`) */
  reopenLog(context: CallContext, ref: string): Promise<void>;
  /**
   * Runs a command to its end. Of its output 16 MiB less 1 KiB are kept, the rest is read and dropped. A process that it leaves behind
   * does not hold the answer back. @throws not_found, failed_precondition (`not_running`), deadline_exceeded
   * (`exec_timeout`: the command, and nothing else, was killed)
   */
  execSync(context: CallContext, ref: string, request: ExecSyncRequest): Promise<ExecSyncResult>;
  /** With CRIU; the container goes on. @throws not_found, failed_precondition (`not_running`, `criu_missing`) */
  checkpoint(context: CallContext, ref: string, request: CheckpointRequest): Promise<void>;
}

export interface ExecSyncRequest {
  readonly command: readonly string[];
  /** Seconds; 0: none. */
  readonly timeout: number;
}

export interface ExecSyncResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

export interface CheckpointRequest {
  /** Absolute path of the archive to write. */
  readonly location: string;
  /** Seconds; 0: the default. */
  readonly timeout: number;
}

export interface PodContainerFilter {
  /** An id or its start. */
  readonly id?: string;
  readonly podId?: string;
  readonly status?: PodContainerStatus;
  readonly labels?: StringMap;
}

export type PodContainerStatus = 'created' | 'running' | 'exited' | 'unknown';

/** The part of a container's record that its pod needs; `ContainerRecord.pod`. */
export interface PodPart {
  readonly podId: string;
  /** The sandbox's own process, which no CRI call shows as a container. */
  readonly role: 'sandbox' | 'container';
  /** As `PodRecord.handed`. */
  readonly handed?: boolean;
  /** Absent for a sandbox. */
  readonly container?: PodContainerPart;
}

export interface PodContainerPart {
  readonly config: PodContainerConfig;
  /** Digest of the image's config: one string in every answer. */
  readonly imageId: string;
  /** Repository digest of the image when it was made (`docker.io/library/app@sha256:...`), else its id. */
  readonly imageRef: string;
  /** Absolute; empty: nothing is logged. */
  readonly logPath: string;
  /** What the container was really given: sources resolved, digests of image volumes. */
  readonly mounts: readonly PodMountStatus[];
  /** The user of its first process. */
  readonly user: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
  /** As they are now: updates included. */
  readonly resources: Resources;
  /** Image volumes of the pod that it mounts, by the digest of their target. */
  readonly imageVolumes: readonly string[];
}

export interface PodMountStatus extends PodMount {
  /** Digest of an image volume's target. */
  readonly imageDigest?: string;
}

export interface PodContainerView {
  readonly namespace: string;
  readonly id: string;
  readonly podId: string;
  readonly podMetadata: PodMetadata;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly status: PodContainerStatus;
  readonly state: ContainerState;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, `Unknown`; empty while it has not ended. */
  readonly reason: string;
  readonly message: string;
  readonly part: PodContainerPart;
  /** As the user asked for it. */
  readonly image: ImageChoice;
  readonly stopSignal: string;
  /** Of its first process in the host's view; 0 when there is none. */
  readonly pid: number;
  readonly snapshotKey: string;
}

/** Connections into pods, as for port-forward. */
export interface PodPorts {
  /**
   * To a TCP port on the pod's loopback: 127.0.0.1, then ::1. Either end of the stream can be ended by itself.
   * @throws not_found (`no_such_pod`), failed_precondition (`pod_not_ready`), unavailable (`port_unreachable`)
   */
  connect(context: CallContext, pod: string, port: number): Promise<Duplex>;
}

/** What happened to pods and their containers, told after the record has changed. */
export interface PodEvents {
  /**
   * From now on, in order, until the signal is aborted. A subscriber that does not keep up with the engine is ended with
   * resource_exhausted (`events_lost`) instead of holding it back.
   */
  subscribe(signal: AbortSignal): AsyncIterable<PodEvent>;
}

export interface PodEvent {
  /** Of the container, or of the pod for the sandbox's own. */
  readonly id: string;
  readonly type: 'created' | 'started' | 'stopped' | 'deleted';
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** As they are now; absent once the pod is removed. */
  readonly pod?: PodView;
  readonly containers: readonly PodContainerView[];
}
