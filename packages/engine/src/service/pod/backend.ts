import type { CallContext, Log } from '@berth/model/context';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import type { ContainerBackend } from '../container/backend.ts';
import type { ExecService } from '../container/contract.ts';
import type { ImageTransfers } from '../image/contract.ts';
import type { NetworkNamespaces, PodNetwork } from '../network/contract.ts';
import type { PodEventHub } from './events.ts';
import type { ImageVolumes } from './image-volume/contract.ts';
import type { PodRegistry } from './registry.ts';
import type { Reservations } from './reservations.ts';
import type { PodSpecHost, PodSpecs } from './spec/contract.ts';

/** What pods are made on. */
export interface PodParts {
  /** The sandboxes' processes and the containers are records of the container service. */
  readonly containers: ContainerBackend;
  readonly execs: ExecService;
  /** For the pause image, when one is configured and not here. */
  readonly transfers: ImageTransfers;
  readonly specs: PodSpecs;
  readonly network: PodNetwork;
  readonly namespaces: NetworkNamespaces;
  readonly imageVolumes: ImageVolumes;
  /** Facts for the specs of pods that this handler runs. */
  readonly hostOf: (runtime: RuntimeHandler) => Promise<PodSpecHost>;
  readonly settings: PodSettings;
  readonly log: Log;
}

export interface PodSettings {
  /** Name of the handler of pods that name none. */
  readonly defaultRuntime: string;
  /** Image whose program is a sandbox's process; empty: the engine's own, which needs no image. */
  readonly pauseImage: string;
}

/** The parts with what is kept of pods while the daemon runs. */
export interface PodBackend extends PodParts {
  readonly pods: PodRegistry;
  readonly events: PodEventHub;
  readonly podNames: Reservations;
  readonly containerNames: Reservations;
}

/** For work that goes on when its client has left: the same call, never aborted. */
export function withoutClient(context: CallContext): CallContext {
  const { deadline: _, ...others } = context;
  return { ...others, signal: new AbortController().signal };
}
