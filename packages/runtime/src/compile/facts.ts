import type { IdMapping, LinuxSpec, MountSpec, NamespaceSpec, SeccompSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from '../cgroup/layout.ts';
import type { SubCgroups } from '../cgroup/sub-cgroup.ts';

/** One mount that makes up the root file system, e.g. the overlay of its layers. */
export interface RootMount extends Omit<MountSpec, 'destination'> {
  /** Below the root's target; `/` or left out is the root itself. */
  readonly destination?: string;
  /**
   * The folder to be in while mounting, so that `lowerdir` can use short relative paths: mount(2)
   * takes one page of options and cuts off the rest without a word.
   */
  readonly cwd?: string;
}

/** Where the shim listens and writes, docs/shim.md. */
export interface ShimFacts {
  readonly socket: string;
  readonly journal: string;
  /** Empty for no log. */
  readonly log: string;
  /** Bytes; 0 is no limit. */
  readonly logMaxBytes: number;
  readonly logMaxFiles: number;
  /** Bytes of a line that are kept together. Default: 16384. */
  readonly logLineMax?: number;
  /** Whether a carriage return before the newline is left out, as terminals have it. Default: false. */
  readonly logDropsReturns?: boolean;
}

/** The processor kinds that Berth runs on, by Node's names. */
export type Architecture = 'x64' | 'arm64';

/** How a process gets its standard streams when no shim stays to carry them. */
export interface InheritFacts {
  /** How many descriptors from 3 on go to the program as they are (`--preserve-fds`). */
  readonly preserve: number;
}

/** What every process of a container needs to know of the host. */
export interface ProcessFacts {
  readonly cgroup: CgroupLayout;
  /**
   * The container's cgroup below the hierarchies' roots: `/berth/4f1c`. Empty: none is made, the process stays in
   * its caller's (rootless, where none is writable).
   */
  readonly cgroupPath: string;
  /** Whether a pipe is kept open as standard input; /dev/null when not. */
  readonly stdin: boolean;
  /** Bare runtime: the caller's own descriptors in place of pipes. `stdin` has no meaning then. */
  readonly inherit?: InheritFacts;
  /** Default: the machine's own. */
  readonly architecture?: Architecture;
  /**
   * The capabilities that there are to give (`ownCapabilities`): others in the spec are left out, as
   * runc does, because "all" is what the spec of a privileged container says anywhere. Default: all.
   */
  readonly capabilities?: bigint;
  /** The container's, for hooks, the seccomp agent and the keyring. Default: the last part of `cgroupPath`. */
  readonly id?: string;
  /** Absolute; the state in hooks names it, and hooks of the host run in it. Default: `/`. */
  readonly bundle?: string;
  /** The runtime has no privileges on the host: sources, devices and limits are handled in the user namespace. */
  readonly rootless?: boolean;
  /**
   * The runtime itself is in a user namespace (/proc/self/uid_map is not `0 0 4294967295`), with privileges in that
   * one only: nobody makes devices there.
   */
  readonly inUserNamespace?: boolean;
  /** Unix socket that gets the terminal's master; without it the shim keeps the terminal. */
  readonly consoleSocket?: string;
  /** Unix socket that gets a pidfd of the process. */
  readonly pidfdSocket?: string;
  /** Leaves the caller's session keyring in place (`--no-new-keyring`). */
  readonly noNewKeyring?: boolean;
  /** Where resctrl is mounted, if it is, for `linux.intelRdt`. */
  readonly resctrl?: string;
  /** Whether the kernel has AppArmor on (/sys/module/apparmor/parameters/enabled is Y). Default: no. */
  readonly apparmor?: boolean;
  /** Whether the kernel has SELinux on (/sys/fs/selinux is mounted). Default: no. */
  readonly selinux?: boolean;
}

/** What the compiler must know of the host besides the spec. Plain data: the caller does the I/O. */
export interface HostFacts extends ProcessFacts {
  /** Absent: a bare runtime, whose shim has no socket, journal and log, and does not stay. */
  readonly shim?: ShimFacts;
  /**
   * Create and start apart: the container is all there, and the program waits. `ask`: for the answer to the shim's
   * `created` question; `gate`: for a connection to this socket, which needs no shim. Absent: one phase.
   */
  readonly created?: 'ask' | { readonly gate: string };
  /** The client makes the cgroup as a systemd scope, with the pid of the `createScope` question (systemd/scope.ts). */
  readonly systemdScope?: boolean;
  /** `--no-pivot`: the root is moved and entered by chroot, as a ramfs needs. */
  readonly noPivot?: boolean;
  /**
   * The maps of the user namespace that the spec joins by path (its uid_map and gid_map), for idmapped mounts and to
   * know which ids there are. Default: the spec's own mappings.
   */
  readonly idMappings?: { readonly uid: readonly IdMapping[]; readonly gid: readonly IdMapping[] };
  /**
   * How the root file system is mounted, inside the container's own mount namespace. When absent
   * `spec.root.path` is a folder that is used as it is.
   */
  readonly rootMounts?: readonly RootMount[];
  /** The existing host folder that `rootMounts` are mounted on. Default: `spec.root.path`. */
  readonly rootTarget?: string;
  /**
   * With a user namespace: the host folder that is the root, mounted and all, which the shim opens for the process.
   * Absent: the process finds its root itself, which takes a path that its user may search.
   */
  readonly rootTree?: string;
  /**
   * The mount point that holds the root target (`containingMount`). Needed only for `rootfsPropagation: shared`: that
   * one mount is made private first, or the root's mounts would appear on the host too.
   */
  readonly rootParent?: string;
}

/** What an exec needs to know of the running container. */
export interface ExecFacts extends ProcessFacts {
  /** The container's own list, `spec.linux.namespaces`. */
  readonly namespaces: readonly NamespaceSpec[];
  /** The container's first process, in the caller's pid namespace. Absent: the shim's own first process. */
  readonly pid?: number;
  /** Cgroups below the container's to be put into (`exec --cgroup`). */
  readonly subCgroups?: SubCgroups;
  /** The container's own filter, `spec.linux.seccomp`. */
  readonly seccomp?: SeccompSpec;
  /** The container's own, `spec.linux`: they hold for each of its processes. */
  readonly personality?: LinuxSpec['personality'];
  readonly memoryPolicy?: LinuxSpec['memoryPolicy'];
  readonly intelRdt?: LinuxSpec['intelRdt'];
  /** For the state that a seccomp agent gets: `spec.annotations`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** False when setgroups(2) is denied in the container's user namespace (/proc/PID/setgroups). Default: true. */
  readonly setgroups?: boolean;
}
