import type { DeviceRule, MountSpec, NamespaceSpec, SeccompSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from '../cgroup/layout.ts';

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
}

/** The processor kinds that Berth runs on, by Node's names. */
export type Architecture = 'x64' | 'arm64';

/** What every process of a container needs to know of the host. */
export interface ProcessFacts {
  readonly cgroup: CgroupLayout;
  /** The container's cgroup below the hierarchies' roots: `/berth/4f1c`. */
  readonly cgroupPath: string;
  /** Whether a pipe is kept open as standard input; /dev/null when not. */
  readonly stdin: boolean;
  /** Default: the machine's own. */
  readonly architecture?: Architecture;
  /**
   * The capabilities that there are to give (`ownCapabilities`): others in the spec are left out, as
   * runc does, because "all" is what the spec of a privileged container says anywhere. Default: all.
   */
  readonly capabilities?: bigint;
}

/** What the compiler must know of the host besides the spec. Plain data: the caller does the I/O. */
export interface HostFacts extends ProcessFacts {
  readonly shim: ShimFacts;
  /**
   * How the root file system is mounted, inside the container's own mount namespace. When absent
   * `spec.root.path` is a folder that is used as it is.
   */
  readonly rootMounts?: readonly RootMount[];
  /** The existing host folder that `rootMounts` are mounted on. Default: `spec.root.path`. */
  readonly rootTarget?: string;
  /**
   * The mount point that holds the root target. Needed only for `rootfsPropagation: shared`: that
   * one mount is made private first, or the root's mounts would appear on the host too.
   */
  readonly rootParent?: string;
}

/** What an exec needs to know of the running container. */
export interface ExecFacts extends ProcessFacts {
  /** The container's own list, `spec.linux.namespaces`. */
  readonly namespaces: readonly NamespaceSpec[];
  /** The container's own filter, `spec.linux.seccomp`. */
  readonly seccomp?: SeccompSpec;
  /** The container's own rules, `spec.linux.resources.devices`. */
  readonly devices?: readonly DeviceRule[];
}
