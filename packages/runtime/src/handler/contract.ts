import type { CallContext } from '@berth/model/context';
import type { BerthError } from '@berth/model/error';
import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { RootMount, ShimFacts } from '../compile/facts.ts';
import type { Plan } from '../plan/record.ts';
import type { StartFailure } from '../shim/message.ts';

/**
 * What stands behind a runtime handler: Berth's own runtime, or any program with runc's command line. Both kinds run
 * below a shim of ours, so stdio, log, attach, resize and exit status are the same for all of them, and outlive the
 * daemon. A handler says what is different: the plan that the shim carries out, and how a container is changed and
 * taken away. It keeps nothing in memory of a container: every call may be the first one of a new daemon.
 *
 * Life of a container: start plan -> (created) -> running (<-> paused) -> stopped -> cleanUp.
 */
export interface RuntimeHandler {
  /** As in the configuration: `berth`, `runc`, `crun`. */
  readonly name: string;

  /**
   * Resolves when this machine can run it. @throws failed_precondition (`runtime_missing`, `runtime_not_executable`,
   * `runtime_refuses`) with the reason, e.g. crun on hybrid cgroups
   */
  check(): Promise<void>;

  /** What it can do that a kubelet asks for by name. Found out once. */
  features(): Promise<HandlerFeatures>;

  /** Whether the container could be started, as far as that can be known without making anything. @throws as `startPlan` */
  validate(place: ContainerPlace, options?: StartPlanOptions): void | Promise<void>;

  /**
   * What the shim does to start the container. With `created` the plan stops in an `ask created` when the container is
   * made and before its program runs. Files that the plan needs are made below `place.folder`.
   * @throws invalid_argument with the JSON path for a spec that cannot be run
   */
  startPlan(place: ContainerPlace, options?: StartPlanOptions): Plan | Promise<Plan>;

  /** What the container's shim does to run one more process, by the number that the shim knows it by (1 to 1023). */
  execPlan(place: ContainerPlace, exec: ExecRequest): Plan | Promise<Plan>;

  /** Does what the plan asks of its client (plan/ask-token.ts), `created` excepted. A rejection fails the start. */
  answer(context: CallContext, place: ContainerPlace, ask: Ask): Promise<void>;

  /** What a failed plan means, in the runtime's own words where it has some. */
  startError(place: ContainerPlace, failed: FailedPlan): Promise<FailedStart>;

  /** The program runs: what is to be done outside the container's own processes, such as poststart hooks. */
  started(context: CallContext, place: ContainerPlace, pid: number): Promise<void>;

  /** @throws failed_precondition (`not_running`) when the process is gone */
  kill(context: CallContext, running: RunningContainer, signal: number): Promise<void>;
  pause(context: CallContext, place: ContainerPlace): Promise<void>;
  /** What is not paused is left alone: a runtime may thaw what it kills. */
  resume(context: CallContext, place: ContainerPlace): Promise<void>;
  update(context: CallContext, place: ContainerPlace, resources: ResourcesSpec): Promise<void>;
  /** Host pids of all its processes. */
  processes(context: CallContext, place: ContainerPlace): Promise<number[]>;

  /**
   * Writes its processes to files with criu; the container goes on. It must not be broken off: criu is inside of them.
   * @throws failed_precondition (`no_criu`, `criu_failed`) with criu's words
   */
  checkpoint(context: CallContext, place: ContainerPlace, files: CheckpointFiles): Promise<void>;

  /**
   * Kills what is left and takes away all that the runtime keeps of the container: state, cgroups, mounts. For a
   * container whose first process has ended, whose start failed, or that was never started: all are success.
   */
  cleanUp(context: CallContext, place: ContainerPlace): Promise<void>;
}

/** The runtime's own part and the kernel's together. */
export interface HandlerFeatures {
  /** Mounts that are read-only with all that is mounted below them (`rro`). */
  readonly recursiveReadonly: boolean;
  /** User namespaces with idmapped mounts. */
  readonly userNamespaces: boolean;
}

/** All that a handler must know of a container. Plain data, and the same on every call. */
export interface ContainerPlace {
  readonly id: string;
  /** `linux.cgroupsPath` is set: the cgroup below the roots of the hierarchies, or `slice:prefix:name` of a systemd scope. */
  readonly spec: RuntimeSpec;
  /** Absolute: hooks run in it, and a relative `root.path` is below it. */
  readonly bundle: string;
  /** Of this container's own run-time files (sockets, journal, pid files); made and removed by the caller. */
  readonly folder: string;
  readonly shim: ShimFacts;
  /** Whether a pipe is kept open as the first process's standard input. */
  readonly stdin: boolean;
  /** Where `rootMounts` go; absent: `spec.root.path` is a folder that is used as it is. */
  readonly root?: {
    /** The folder that Berth's own runtime mounts it on, inside the container's mount namespace. */
    readonly target: string;
    /** The mount point that holds `target`. */
    readonly parent: string;
    /** A folder of this container's own, made and removed by handlers that need the root mounted on the host. */
    readonly hostTarget: string;
  };
}

export interface StartPlanOptions {
  /** Stop between create and start. */
  readonly created?: boolean;
  /** What makes up the root file system, for a place that has a `root`. */
  readonly rootMounts?: readonly RootMount[];
}

export interface ExecRequest {
  readonly number: number;
  readonly process: ProcessSpec;
  readonly stdin: boolean;
  /** More rights than the container itself has: no seccomp filter. */
  readonly privileged?: boolean;
}

/** A plan waits for its client: docs/plan.md, `ask`. */
export interface Ask {
  readonly token: number;
  /** Host's view; 0 when the process is not made yet. */
  readonly pid: number;
}

/** Where a checkpoint goes. */
export interface CheckpointFiles {
  /** The first process, in the host's view. */
  readonly pid: number;
  /** A folder for the processes' images. */
  readonly images: string;
  /** A folder for criu's log and its statistics. */
  readonly work: string;
}

/** A container whose shim can be spoken to. */
export interface RunningContainer {
  readonly place: ContainerPlace;
  /** Sends a signal to the first process through its shim. */
  signal(signal: number): Promise<void>;
}

export interface FailedPlan {
  readonly plan: Plan;
  readonly failure: StartFailure;
  /** What the user calls the container. */
  readonly name: string;
  /** The exec's number; absent for a start. */
  readonly exec?: number;
}

/** What the client is told, and the exit code that the record gets: docker's 126, 127 and 128. */
export interface FailedStart {
  readonly error: BerthError;
  readonly exitCode: number;
}
