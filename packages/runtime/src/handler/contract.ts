import type { CallContext } from '@berth/model/context';
import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '@berth/model/runtime-spec';

/**
 * What stands behind a runtime handler: Berth's own runtime, or any program with runc's command line. Both kinds run
 * below a shim of ours, so stdio, log, attach and exit status are the same for all of them; a handler only says how
 * a container is made, changed and taken away.
 *
 * Life of a container: create -> created -> start -> running (<-> paused) -> stopped -> delete.
 */
export interface RuntimeHandler {
  /** As in the configuration: `berth`, `runc`, `crun`. */
  readonly name: string;

  /** `failed_precondition` with the reason when this machine cannot run it (crun on hybrid cgroups). */
  check(): Promise<void>;

  /**
   * A container whose process waits for `start`. On failure nothing of it is left. `already_exists` when the id is
   * in use; `invalid_argument` with the JSON path for a spec that cannot be run.
   */
  create(context: CallContext, request: CreateRequest): Promise<CreatedContainer>;
}

export interface CreateRequest {
  readonly id: string;
  /** Folder with the bundle: relative `root.path` is below it, and hooks run in it. */
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  /** Folder of this container's own files (sockets, journal, pid files); made by the caller, removed by the caller. */
  readonly folder: string;
  readonly stdin: boolean;
  /** CRI log; empty for none. */
  readonly log: string;
}

/** A container of a handler, created or found again. */
export interface CreatedContainer {
  readonly id: string;
  /** Of its first process, in the host's pid namespace. */
  readonly pid: number;
  start(context: CallContext): Promise<void>;
  /** `not_found` when the process is gone. */
  kill(context: CallContext, signal: number, options?: { readonly all?: boolean }): Promise<void>;
  /** Exit code of its first process: 128+n for signal n. */
  wait(context: CallContext): Promise<number>;
  /** Runs one more process to its end. */
  exec(context: CallContext, process: ProcessSpec, output?: (bytes: Uint8Array) => void): Promise<number>;
  pause(context: CallContext): Promise<void>;
  resume(context: CallContext): Promise<void>;
  update(context: CallContext, resources: ResourcesSpec): Promise<void>;
  /** Host pids of all its processes. */
  processes(context: CallContext): Promise<number[]>;
  /** `failed_precondition` unless stopped or `force`. Leaves no process, mount or cgroup. */
  delete(context: CallContext, options?: { readonly force?: boolean }): Promise<void>;
}
