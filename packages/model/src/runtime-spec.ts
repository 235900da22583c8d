/**
 * The OCI runtime spec 1.3 (config.md, config-linux.md), Linux part. Names are the wire's own, so that a config.json is
 * one of these after validation (`@berth/runtime/validate`).
 */
import type { IdMapping, Integer64, LinuxSpec } from './runtime-spec-linux.ts';

export type * from './runtime-spec-linux.ts';

export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly process: ProcessSpec;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly mounts: readonly MountSpec[];
  readonly hooks?: HooksSpec;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: LinuxSpec;
}

export interface ProcessSpec {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: UserSpec;
  /** Never empty: `args[0]` is the program. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Absolute path inside the container. */
  readonly cwd: string;
  readonly capabilities?: CapabilitySets;
  readonly rlimits?: readonly RlimitSpec[];
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly ioPriority?: IoPrioritySpec;
  readonly scheduler?: SchedulerSpec;
  readonly execCPUAffinity?: {
    /** CPU lists, `0-3,7`: before the process is in the cgroup, and from then on. */
    readonly initial?: string;
    readonly final?: string;
  };
}

export interface UserSpec {
  readonly uid: number;
  readonly gid: number;
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
}

/** Capability names as in capabilities(7), `CAP_CHOWN`. */
export interface CapabilitySets {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly permitted?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly ambient?: readonly string[];
}

export interface RlimitSpec {
  /** `RLIMIT_NOFILE` and so on, getrlimit(2). */
  readonly type: string;
  /** 2^64-1 is no limit. */
  readonly soft: Integer64;
  readonly hard: Integer64;
}

/** ioprio_set(2). */
export interface IoPrioritySpec {
  readonly class: 'IOPRIO_CLASS_RT' | 'IOPRIO_CLASS_BE' | 'IOPRIO_CLASS_IDLE';
  /** 0, the most urgent, to 7. */
  readonly priority?: number;
}

/** sched_setattr(2). */
export interface SchedulerSpec {
  /** `SCHED_OTHER` and so on. */
  readonly policy: string;
  readonly nice?: number;
  readonly priority?: number;
  /** `SCHED_FLAG_RESET_ON_FORK` and so on. */
  readonly flags?: readonly string[];
  /** Nanoseconds, for SCHED_DEADLINE. */
  readonly runtime?: Integer64;
  readonly deadline?: Integer64;
  readonly period?: Integer64;
}

export interface MountSpec {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
  /** Of an idmapped mount: `hostID` is what the files show, `containerID` what is on disk. */
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
}

/** config.md "POSIX-platform Hooks". `prestart` is deprecated, and runs before `createRuntime`. */
export type HookKind = 'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop';

export type HooksSpec = { readonly [K in HookKind]?: readonly HookSpec[] };

export interface HookSpec {
  /** Absolute; of the container for `startContainer`, of the host for all others. */
  readonly path: string;
  /** With the program's name as first item, as execve(2) has it. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds; no limit when absent. */
  readonly timeout?: number;
}
