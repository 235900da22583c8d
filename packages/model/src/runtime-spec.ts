/**
 * The parts of the OCI runtime spec 1.3 (config.md, config-linux.md) that Berth compiles today.
 * Names are the wire's own, so that a config.json is one of these after validation.
 */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly process: ProcessSpec;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly mounts: readonly MountSpec[];
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
  readonly soft: number;
  readonly hard: number;
}

export interface MountSpec {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface LinuxSpec {
  readonly namespaces: readonly NamespaceSpec[];
  readonly devices?: readonly DeviceSpec[];
  readonly cgroupsPath?: string;
  readonly resources?: ResourcesSpec;
  readonly rootfsPropagation?: 'private' | 'slave' | 'shared' | 'unbindable';
  readonly seccomp?: SeccompSpec;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
}

export type NamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface NamespaceSpec {
  readonly type: NamespaceType;
  /** Join this namespace file instead of making a new one. */
  readonly path?: string;
}

export interface DeviceSpec {
  readonly path: string;
  readonly type: 'c' | 'b' | 'u' | 'p';
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  /** Letters of `rwm`. */
  readonly access?: string;
}

export interface ResourcesSpec {
  readonly devices?: readonly DeviceRule[];
  readonly memory?: {
    /** Bytes; -1 is unlimited. */
    readonly limit?: number;
    readonly reservation?: number;
    /** Memory plus swap, bytes; -1 is unlimited. */
    readonly swap?: number;
    readonly swappiness?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    /** Microseconds per period; -1 is unlimited. */
    readonly quota?: number;
    /** Microseconds. */
    readonly period?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  /** 0 and -1 are unlimited. */
  readonly pids?: { readonly limit: number };
}

export interface SeccompSpec {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly SeccompRule[];
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArg[];
}

export interface SeccompArg {
  readonly index: number;
  /** Unsigned 64 bit. JSON gives a number; bigint where it is above 2^53. */
  readonly value: number | bigint;
  readonly valueTwo?: number | bigint;
  readonly op: string;
}
