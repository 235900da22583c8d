/** An integer of up to 64 bit: a bigint where it is beyond 2^53. */
export type Integer64 = number | bigint;

/** `linux` of the runtime spec, config-linux.md. */
export interface LinuxSpec {
  readonly namespaces: readonly NamespaceSpec[];
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly timeOffsets?: { readonly monotonic?: TimeOffset; readonly boottime?: TimeOffset };
  readonly devices?: readonly DeviceSpec[];
  /** By the name on the host; moved into the container's network namespace. */
  readonly netDevices?: Readonly<Record<string, { readonly name?: string }>>;
  readonly cgroupsPath?: string;
  readonly resources?: ResourcesSpec;
  readonly rootfsPropagation?: 'private' | 'slave' | 'shared' | 'unbindable';
  readonly seccomp?: SeccompSpec;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly intelRdt?: IntelRdtSpec;
  readonly memoryPolicy?: MemoryPolicySpec;
  readonly personality?: { readonly domain: 'LINUX' | 'LINUX32'; readonly flags?: readonly string[] };
}

export type NamespaceType = 'pid' | 'network' | 'mount' | 'ipc' | 'uts' | 'user' | 'cgroup' | 'time';

export interface NamespaceSpec {
  readonly type: NamespaceType;
  /** Join this namespace file instead of making a new one. */
  readonly path?: string;
}

/** A line of uid_map or gid_map, user_namespaces(7). */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** time_namespaces(7). */
export interface TimeOffset {
  readonly secs?: number;
  readonly nanosecs?: number;
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
  /** Absent and -1 are all. */
  readonly major?: number;
  readonly minor?: number;
  /** Letters of `rwm`. */
  readonly access?: string;
}

export interface ResourcesSpec {
  readonly devices?: readonly DeviceRule[];
  readonly memory?: MemorySpec;
  readonly cpu?: CpuSpec;
  /** -1 is unlimited; 0 is a limit, config-linux.md "PIDs". */
  readonly pids?: { readonly limit: number };
  readonly blockIO?: BlockIoSpec;
  readonly hugepageLimits?: readonly {
    /** `2MB`, `1GB`, `64KB`. */
    readonly pageSize: string;
    /** Bytes. */
    readonly limit: Integer64;
  }[];
  readonly network?: {
    readonly classID?: number;
    readonly priorities?: readonly { readonly name: string; readonly priority: number }[];
  };
  /** By the name of the device. */
  readonly rdma?: Readonly<Record<string, { readonly hcaHandles?: number; readonly hcaObjects?: number }>>;
  /** cgroup v2 files, by name. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface MemorySpec {
  /** Bytes; -1 is unlimited. */
  readonly limit?: Integer64;
  readonly reservation?: Integer64;
  /** Memory plus swap, bytes; -1 is unlimited. */
  readonly swap?: Integer64;
  readonly kernel?: Integer64;
  readonly kernelTCP?: Integer64;
  readonly swappiness?: Integer64;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  /** Refuse an update to a limit below what is in use. */
  readonly checkBeforeUpdate?: boolean;
}

export interface CpuSpec {
  readonly shares?: number;
  /** Microseconds per period; -1 is unlimited. */
  readonly quota?: number;
  /** Microseconds. */
  readonly burst?: number;
  /** Microseconds. */
  readonly period?: number;
  readonly realtimeRuntime?: number;
  readonly realtimePeriod?: number;
  readonly cpus?: string;
  readonly mems?: string;
  /** 1: SCHED_IDLE for the whole cgroup. */
  readonly idle?: number;
}

interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}

export interface BlockIoSpec {
  /** 10 to 1000. */
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly (BlockDevice & { readonly weight?: number; readonly leafWeight?: number })[];
  readonly throttleReadBpsDevice?: readonly Throttle[];
  readonly throttleWriteBpsDevice?: readonly Throttle[];
  readonly throttleReadIOPSDevice?: readonly Throttle[];
  readonly throttleWriteIOPSDevice?: readonly Throttle[];
}

/** Bytes or operations a second. */
export type Throttle = BlockDevice & { readonly rate: Integer64 };

export interface SeccompSpec {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  /** The unix socket of the agent that answers SCMP_ACT_NOTIFY. */
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
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
  /** Unsigned 64 bit. */
  readonly value: Integer64;
  readonly valueTwo?: Integer64;
  readonly op: string;
}

/** resctrl, kernel Documentation/filesystems/resctrl.rst. */
export interface IntelRdtSpec {
  readonly closID?: string;
  readonly schemata?: readonly string[];
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  readonly enableMonitoring?: boolean;
}

/** set_mempolicy(2). */
export interface MemoryPolicySpec {
  readonly mode: string;
  /** Node list, `0-1,3`. */
  readonly nodes?: string;
  readonly flags?: readonly string[];
}
