import type { ImageRunConfig } from '@berth/model/image-config';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PodConfig, PodContainerConfig, Resources } from '@berth/model/pod-config';
import type { PodContainerPart, PodMountStatus } from '../contract.ts';

/** What specs are made of besides what was asked for: facts of this machine and of the configuration. */
export interface PodSpecHost {
  /** Folder that a container's root is mounted on, inside its own mount namespace. */
  readonly rootPath: string;
  /** A folder with nothing but the program that holds a pod's namespaces, as `/pause`; both may be read by anybody (0755). */
  readonly pauseRoot: string;
  /** Engine's own cgroup parent for pods that name none. */
  readonly cgroupParent: string;
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  readonly cgroupVersion: 1 | 2;
  readonly apparmor: boolean;
  readonly selinux: boolean;
  /** For those who ask for no seccomp profile: `unconfined` as the peers have it, or the default profile. */
  readonly unsetSeccomp: 'unconfined' | 'runtime-default';
  /** Folders of CDI specs. */
  readonly cdiFolders: readonly string[];
  /** Whether the handler that runs the pod can do it. */
  readonly recursiveReadonly: boolean;
  readonly userNamespaces: boolean;
}

/** Files that the pod's containers see, on the host. */
export interface PodFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
  /** The pod's /dev/shm: a mounted tmpfs, or the host's own. */
  readonly shm: string;
}

/** The sandbox's process. */
export interface SandboxSpecInput {
  readonly id: string;
  readonly config: PodConfig;
  /** Path of the pod's network namespace. Absent: the host's, or, in a user namespace, one that the process makes. */
  readonly netns?: string;
  readonly host: PodSpecHost;
}

export interface PodContainerSpecInput {
  readonly id: string;
  readonly pod: PodConfig;
  readonly podId: string;
  /** The sandbox's process, whose namespaces are joined. */
  readonly podPid: number;
  /** Path of the pod's network namespace; empty with the host's. */
  readonly netns: string;
  readonly files: PodFiles;
  readonly config: PodContainerConfig;
  readonly image: ImageRunConfig | undefined;
  /** A text file of the image, empty when it has none. */
  readonly readText: (file: string) => string;
  /** Pid of the container that `namespaces.targetId` names, in the host's view. */
  readonly targetPid?: number;
  /** Host folders of the image volumes among `config.mounts`, by their index there. */
  readonly imageVolumes: ReadonlyMap<number, { readonly path: string; readonly digest: string }>;
  readonly host: PodSpecHost;
}

export interface PodContainerSpec {
  readonly spec: RuntimeSpec;
  readonly mounts: readonly PodMountStatus[];
  readonly user: PodContainerPart['user'];
  /** Linux signal name. */
  readonly stopSignal: string;
}

/** The contract of this folder; `sandbox-spec.ts`, `container-spec.ts` and `update-spec.ts` have the functions. */
export interface PodSpecs {
  /** @throws invalid_argument naming the field */
  sandbox(input: SandboxSpecInput): RuntimeSpec;
  /** Missing hostPath folders are made. @throws invalid_argument naming the field, failed_precondition (AppArmor, CDI) */
  container(input: PodContainerSpecInput): PodContainerSpec;
  /** The spec and the resources with what `change` specifies. @throws invalid_argument */
  update(
    spec: RuntimeSpec,
    now: Resources,
    change: Resources,
  ): { readonly spec: RuntimeSpec; readonly resources: Resources };
}
