import type { DeviceRule, DeviceSpec, UserSpec } from '@berth/model/runtime-spec';
import type { SeccompProfile } from '../seccomp/profile.ts';

/** A host file or folder to show in the container. */
export interface Bind {
  readonly source: string;
  readonly destination: string;
  readonly readonly?: boolean;
  /** `rprivate` by default. */
  readonly propagation?: 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';
  /** Further mount options: `noexec`, `rro`. */
  readonly options?: readonly string[];
}

export interface Tmpfs {
  readonly destination: string;
  /** Beside `noexec,nosuid,nodev`: `size=64m`, `exec`. A later one wins. */
  readonly options?: readonly string[];
}

/** Whose namespace: a new one, the host's, or the one behind a path. */
export type NamespaceChoice = 'private' | 'host' | { readonly path: string };

/**
 * All that a door may ask of a container, already resolved: users to numbers, names of volumes to
 * folders, an image's defaults merged in. `buildSpec` makes the runtime spec of it.
 */
export interface ContainerSpecInput {
  readonly rootPath: string;
  readonly readonlyRootfs?: boolean;
  readonly args: readonly string[];
  /** The image's and the user's, the last of a name wins; PATH, HOSTNAME, TERM and HOME are added. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: UserSpec & { readonly home?: string };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly tty?: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly binds?: readonly Bind[];
  readonly tmpfs?: readonly Tmpfs[];
  /** Host files to bind on /etc/hosts, /etc/hostname and /etc/resolv.conf. */
  readonly etc?: { readonly hosts?: string; readonly hostname?: string; readonly resolvConf?: string };
  readonly devices?: readonly DeviceSpec[];
  readonly deviceRules?: readonly DeviceRule[];
  /** Bytes. `memorySwap` is memory plus swap, -1 for no limit. 0 and absent: none. */
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly memoryReservation?: number;
  /** Billionths of a processor; excludes quota and period. */
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  /** Microseconds. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
  readonly oomKillDisable?: boolean;
  /** Bytes of /dev/shm. */
  readonly shmSize?: number;
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  readonly seccomp?: 'default' | 'unconfined' | SeccompProfile;
  readonly noNewPrivileges?: boolean;
  /** `none` has a namespace with only lo; `{path}` joins one that the network has prepared. */
  readonly networkMode?: 'none' | 'host' | { readonly path: string };
  readonly pidMode?: NamespaceChoice;
  readonly ipcMode?: NamespaceChoice;
  readonly utsMode?: NamespaceChoice;
  readonly cgroupnsMode?: 'private' | 'host';
  /** Docker 29 gives every container a time namespace, at offset zero. */
  readonly timeMode?: NamespaceChoice;
  /** Names as in ulimit(1), `nofile`, or `RLIMIT_NOFILE`; -1 is unlimited. */
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly oomScoreAdj?: number;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly cgroupsPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What the builder must know of the host. */
export interface SpecFacts {
  readonly architecture: 'x64' | 'arm64';
  /** `os.release()`. */
  readonly kernel: string;
  /** Masks the thermal files of so many processors; 0 where the machine has none. */
  readonly cpuCount?: number;
  /** The host's devices, for privileged containers. */
  readonly hostDevices?: readonly DeviceSpec[];
  /** Whether time namespaces are there (Linux 5.6, CONFIG_TIME_NS): /proc/self/ns/time. */
  readonly timeNamespaces?: boolean;
}
