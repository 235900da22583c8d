import type { Log } from '@berth/model/context';
import type { ContainerService, ExecService } from '#service/container/contract';
import type { ImageService, ImageTransfers } from '#service/image/contract';
import type { PodNetwork } from '#service/network/contract';
import type { PodContainerService, PodEvents, PodService } from '#service/pod/contract';
import type { PodStats } from '#service/pod-stats/contract';
import type { StreamingServer } from '../streaming/contract.ts';

/** The slice of the engine that the CRI needs. */
export interface CriBackend {
  readonly pods: PodService;
  readonly podContainers: PodContainerService;
  readonly podEvents: PodEvents;
  readonly stats: PodStats;
  readonly network: PodNetwork;
  readonly images: ImageService;
  readonly transfers: ImageTransfers;
  /** Exec and attach of pods' containers. */
  readonly containers: ContainerService;
  readonly execs: ExecService;
  readonly streaming: StreamingServer;
  readonly log: Log;
}
