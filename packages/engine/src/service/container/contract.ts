import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PodPart } from '../pod/contract.ts';

/**
 * Containers: one record set for every door.
 *
 * Life cycle: `create` makes a record and a writable snapshot (*created*); `start` runs its plan (*running*), and
 * may be called again after the end; the process ends by itself, by `stop` or by `kill` (*exited*); `remove`
 * leaves nothing. The shim's journal is what happened; the record follows it.
 *
 * A reference to a container is its id, its name, or the start of its id when only one has it.
 */
export interface ContainerService {
  /** @throws not_found (image), already_exists (name), invalid_argument (`unknown_runtime`), failed_precondition (runtime) */
  create(context: CallContext, config: ContainerConfig): Promise<CreatedContainer>;
  /** @throws not_found */
  inspect(context: CallContext, ref: string): ContainerView;
  /** Newest first. */
  list(context: CallContext): readonly ContainerView[];
  /**
   * Runs the container's program; with `attach`, output is delivered from its first byte.
   * A container that runs already is left alone (undefined).
   * @throws failed_precondition (`command_not_found`, `command_not_executable`, `start_failed`, `paused`)
   */
  start(context: CallContext, ref: string, attach?: AttachRequest): Promise<AttachedStream | undefined>;
  /** @throws failed_precondition (`not_running`) */
  attach(context: CallContext, ref: string, request: AttachRequest): Promise<AttachedStream>;
  /**
   * Ends the container: its stop signal, then SIGKILL after `timeout` seconds. A later call can only shorten the
   * time; the signal is sent once; the stop goes on when the caller goes away. Not running is success: false.
   */
  stop(context: CallContext, ref: string, options?: StopOptions): Promise<boolean>;
  /** @throws failed_precondition (`not_running`), invalid_argument (unknown signal) */
  kill(context: CallContext, ref: string, signal: string): Promise<void>;
  /** @throws failed_precondition (`not_running`, `already_paused`) */
  pause(context: CallContext, ref: string): Promise<void>;
  /** @throws failed_precondition (`not_paused`) */
  unpause(context: CallContext, ref: string): Promise<void>;
  resize(context: CallContext, ref: string, size: TerminalSize): Promise<void>;
  rename(context: CallContext, ref: string, name: string): Promise<void>;
  /** @throws failed_precondition (`still_running`) unless `force` */
  remove(context: CallContext, ref: string, options?: { readonly force?: boolean }): Promise<void>;
  /**
   * A tar of the container's file system, whether it runs or not: without what is mounted in it. Of one that runs, files
   * that change meanwhile have their old bytes or their new ones.
   */
  export(context: CallContext, ref: string): Promise<AsyncIterable<Uint8Array>>;
  wait(context: CallContext, ref: string, condition: WaitCondition): Promise<ExitResult>;
}

/** Commands run in a container that runs. */
export interface ExecService {
  /** @throws not_found, failed_precondition (`not_running`, `paused`) */
  create(context: CallContext, ref: string, config: ExecConfig): Promise<string>;
  /** Once per exec. With `attach`, output from the first byte. @throws not_found, failed_precondition */
  start(context: CallContext, id: string, attach?: AttachRequest): Promise<AttachedStream | undefined>;
  inspect(id: string): ExecView;
  resize(context: CallContext, id: string, size: TerminalSize): Promise<void>;
  /** Of the command's own process, and no other. One that has ended is left alone. @throws not_found, invalid_argument (unknown signal) */
  kill(context: CallContext, id: string, signal: string): Promise<void>;
  /** Resolves when the command's own process has ended, whoever else still holds its output open. @throws not_found */
  wait(id: string): Promise<ExitResult>;
}

/** What a door asks for; docker's meanings. Absent fields take the image's value, then the default. */
export interface ContainerConfig {
  readonly name?: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly tty?: boolean;
  readonly openStdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly mounts?: readonly BindMount[];
  readonly tmpfs?: readonly { readonly target: string; readonly options: readonly string[] }[];
  readonly readonlyRootfs?: boolean;
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly pidsLimit?: number;
  readonly shmSize?: number;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  readonly seccomp?: string;
  readonly noNewPrivileges?: boolean;
  readonly network?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly oomScoreAdj?: number;
  /** One of the configured runtimes; absent: Berth's own. */
  readonly runtime?: string;
  readonly autoRemove?: boolean;
  readonly stopSignal?: string;
  /** Seconds. */
  readonly stopTimeout?: number;
  /** Tests of failed starts: this record of the plan fails without being run. */
  readonly injectFailure?: number;
}

export interface BindMount {
  readonly source: string;
  readonly target: string;
  readonly readonly?: boolean;
  readonly propagation?: string;
  readonly createSource?: boolean;
}

export interface CreatedContainer {
  readonly id: string;
  readonly name: string;
  readonly warnings: readonly string[];
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'exited';

/** Times are nanoseconds since 1970 in decimal (a JSON number cannot hold them), '0' when unset. */
export interface ContainerState {
  readonly status: ContainerStatus;
  readonly pid: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly error: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** What is kept of a container between restarts of the daemon. */
export interface ContainerRecord {
  readonly config: ContainerConfig;
  /** Both empty for a container that is made of no image: `spec.root.path` is a folder that is used as it is. */
  readonly image: { readonly ref: string; readonly target: Digest | '' };
  readonly spec: RuntimeSpec;
  /** Name of the runtime handler that runs it. Absent in records of before there was a choice: Berth's own. */
  readonly runtime?: string;
  /** Linux signal number. */
  readonly stopSignal: number;
  readonly state: ContainerState;
  /** Of a pod's containers, the sandbox's own process among them. */
  readonly pod?: PodPart;
}

export interface ContainerView extends ContainerRecord {
  readonly namespace: string;
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Empty without an image. */
  readonly snapshotKey: string;
}

export interface StopOptions {
  /** Seconds until SIGKILL; 0 kills at once. Absent: the container's own, 10 by default. */
  readonly timeout?: number;
  readonly signal?: string;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface ExitResult {
  readonly exitCode: number;
  readonly error?: string;
}

export interface ExecConfig {
  readonly command: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly tty?: boolean;
  readonly attachStdin?: boolean;
  readonly attachOutput?: boolean;
  readonly privileged?: boolean;
}

export interface ExecView {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  readonly running: boolean;
  readonly pid: number;
  readonly exitCode: number;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface AttachRequest {
  readonly stdin: boolean;
  readonly output: boolean;
  readonly size?: TerminalSize;
  /** Gets every chunk in order. A promise holds further output back, in the end the program itself. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void | Promise<void>;
}

/** A client's line to a process's standard streams. */
export interface AttachedStream {
  writeStdin(chunk: Uint8Array): Promise<void>;
  closeStdin(): void;
  resize(size: TerminalSize): Promise<void>;
  /** After the last byte of output. Rejects with unavailable when the line breaks first. */
  readonly exit: Promise<ExitResult>;
  /** Lets go; the process lives on. */
  detach(): void;
}
