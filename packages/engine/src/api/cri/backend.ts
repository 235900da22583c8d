import type { Log } from '@berth/model/context';
import type { ContainerService, ExecService } from '#service/container/contract';
import type { HostImages, ImageTransfers } from '#service/image/contract';
import type { PodNetwork } from '#service/network/contract';
import type { PodContainerService, PodEvents, PodPorts, PodService } from '#service/pod/contract';
import type { PodStats } from '#service/pod-stats/contract';
import type { StreamingServer } from '../streaming/contract.ts';

/** The slice of the engine that the CRI needs. */
export interface CriBackend {
  readonly pods: PodService;
  readonly podContainers: PodContainerService;
  readonly podEvents: PodEvents;
  readonly podPorts: PodPorts;
  readonly stats: PodStats;
  readonly network: PodNetwork;
  readonly images: HostImages;
  readonly transfers: ImageTransfers;
  /** Exec and attach of pods' containers. */
  readonly containers: ContainerService;
  readonly execs: ExecService;
  readonly streaming: StreamingServer;
  readonly facts: CriFacts;
  readonly log: Log;
}

/** What the engine is, and how it is configured. */
export interface CriFacts {
  readonly version: string;
  /** A folder on the file system that holds images. */
  readonly root: string;
  /** Name of the handler that runs pods that name none. */
  readonly defaultRuntime: string;
  /** Empty: none is needed. */
  readonly pauseImage: string;
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  /** Every handler that a pod may name. */
  readonly runtimes: () => Promise<readonly RuntimeFacts[]>;
  /** The configuration, for `crictl info`. */
  readonly describe: () => unknown;
}

export interface RuntimeFacts {
  readonly name: string;
  /** What it can do on this machine. */
  readonly recursiveReadonly: boolean;
  readonly userNamespaces: boolean;
}
