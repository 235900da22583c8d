/**
 * What a pod and its containers are asked to be: the CRI's words (runtime/v1 api.proto, release 0.36) without its wire.
 * Numbers are plain numbers; 0 in a resource means "not specified". All of it is JSON, and kept as it came.
 */
export interface PodConfig {
  readonly metadata: PodMetadata;
  /** Empty: the host's, when the pod is in the host's network namespace; else none is set. */
  readonly hostname: string;
  /** Folder of the containers' logs; empty: nothing is logged. */
  readonly logDirectory: string;
  /** Absent: the host's resolv.conf. Present and empty: an empty file. */
  readonly dns?: DnsConfig;
  readonly portMappings: readonly PortMapping[];
  readonly labels: StringMap;
  readonly annotations: StringMap;
  /** A cgroup path (cgroupfs) or a slice's name (systemd); empty: the engine's own parent. */
  readonly cgroupParent: string;
  readonly sysctls: StringMap;
  readonly security: PodSecurity;
  readonly overhead?: Resources;
  readonly resources?: Resources;
}

export type StringMap = Readonly<Record<string, string>>;

/** All four together are unique among the pods that are there. */
export interface PodMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  /** 0 or less: no mapping. */
  readonly hostPort: number;
  /** Empty: every address. */
  readonly hostIp: string;
}

export type NamespaceMode = 'pod' | 'container' | 'node' | 'target';

export interface NamespaceOptions {
  readonly network: NamespaceMode;
  readonly pid: NamespaceMode;
  readonly ipc: NamespaceMode;
  /** With `pid: target`: the container whose pid namespace is joined. */
  readonly targetId: string;
  /** Absent: none was asked for, as `node`. */
  readonly user?: UserNamespace;
}

export interface UserNamespace {
  readonly mode: NamespaceMode;
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

export interface IdRange {
  readonly hostId: number;
  readonly containerId: number;
  readonly length: number;
}

export interface SelinuxOptions {
  readonly user: string;
  readonly role: string;
  readonly type: string;
  readonly level: string;
}

/** Seccomp or AppArmor. `localhost`: the profile `ref`, a path (seccomp) or a loaded profile's name (AppArmor). */
export interface SecurityProfile {
  readonly type: 'runtime-default' | 'unconfined' | 'localhost';
  readonly ref: string;
}

/** What pods and containers share. */
export interface Security {
  readonly namespaces: NamespaceOptions;
  readonly selinux?: SelinuxOptions;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly readonlyRootfs: boolean;
  readonly supplementalGroups: readonly number[];
  /** `strict`: only the groups that are given; `merge`: those of the image's /etc/group too. */
  readonly groupsPolicy: 'merge' | 'strict';
  readonly privileged: boolean;
  /** Absent: what the configuration says of those who ask for nothing. */
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export type PodSecurity = Security;

export interface ContainerSecurity extends Security {
  /** Empty: not given. A name of the image's /etc/passwd. */
  readonly runAsUsername: string;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  readonly addAmbientCapabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  /** Empty: none, not a default list. */
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export interface Resources {
  /** Microseconds. */
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpuShares: number;
  /** Bytes. */
  readonly memoryLimit: number;
  /** Bytes of memory and swap together; -1: no limit. */
  readonly memorySwapLimit: number;
  readonly oomScoreAdj: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
  readonly hugepageLimits: readonly { readonly pageSize: string; readonly limit: number }[];
  /** cgroup v2 files by name. */
  readonly unified: StringMap;
}

export interface PodContainerConfig {
  /** Both together are unique among the containers of the pod. */
  readonly metadata: { readonly name: string; readonly attempt: number };
  readonly image: ImageChoice;
  /** Takes the place of the image's entrypoint; `args` of its command. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  /** A value may be any bytes but NUL: latin1, a character a byte, where it is not UTF-8. */
  readonly envs: readonly { readonly key: string; readonly value: string }[];
  readonly mounts: readonly PodMount[];
  readonly devices: readonly PodDevice[];
  /** Qualified CDI names, `vendor.com/class=device`. */
  readonly cdiDevices: readonly string[];
  readonly labels: StringMap;
  readonly annotations: StringMap;
  /** Below the pod's `logDirectory`; empty: nothing is logged. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: Resources;
  readonly security: ContainerSecurity;
  /** `SIGTERM`, `SIGRTMIN+3`; absent: the image's, then SIGTERM. */
  readonly stopSignal?: string;
}

export interface ImageChoice {
  /** An image id or any reference. */
  readonly image: string;
  /** What the user wrote in the pod; may be empty. */
  readonly userSpecified: string;
  readonly annotations: StringMap;
  readonly runtimeHandler: string;
}

export interface PodMount {
  readonly containerPath: string;
  /** A missing folder is made (both peers do, and kubelet's hostPath types build on it). */
  readonly hostPath: string;
  readonly readonly: boolean;
  readonly recursiveReadonly: boolean;
  readonly selinuxRelabel: boolean;
  readonly propagation: 'private' | 'host-to-container' | 'bidirectional';
  readonly uidMappings: readonly IdRange[];
  readonly gidMappings: readonly IdRange[];
  /** An image volume: its files, read-only, instead of `hostPath`. */
  readonly image?: ImageChoice;
  readonly imageSubPath: string;
}

export interface PodDevice {
  readonly containerPath: string;
  readonly hostPath: string;
  /** Of `rwm`. */
  readonly permissions: string;
}
