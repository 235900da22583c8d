import type { Log } from '@berth/model/context';
import type { CgroupLayout } from '@berth/runtime/cgroup/layout';
import type { RuntimeRegistry } from '@berth/runtime/handler/registry';
import type { Launcher } from '@berth/runtime/shim/launcher';
import type { SnapshotStore, TreeEntry } from '#store/snapshot';
import type { Leases } from '#store/metadata';
import type { Events } from '#service/event/contract';
import type { ImageService } from '#service/image/contract';
import type { ContainerRegistry } from './registry.ts';

/** What the container service is made on. */
export interface ContainerBackend {
  readonly registry: ContainerRegistry;
  readonly snapshots: SnapshotStore;
  readonly leases: Leases;
  readonly images: ImageService;
  readonly events: Events;
  readonly log: Log;
  readonly launcher: Launcher;
  readonly cgroups: CgroupLayout;
  /** Below this path of every hierarchy the containers' cgroups are. */
  readonly cgroupParent: string;
  readonly runtimes: RuntimeRegistry;
  readonly root: string;
  /** The mount point that holds `root`. */
  readonly rootParent: string;
  readonly run: string;
  /** Limits of a container's log: bytes of a file, and how many files; where lines are split in the logs of pods. */
  readonly logLimits: { readonly maxBytes: number; readonly maxFiles: number; readonly podLineMax: number };
  /** A file of a snapshot as the container will see it, read without mounting; undefined when absent. */
  readonly readFile: (layers: readonly string[], path: string) => Uint8Array | undefined;
  /** All that the layers show, top layer first, without a mount. */
  readonly walk: (layers: readonly string[]) => Iterable<TreeEntry>;
}
