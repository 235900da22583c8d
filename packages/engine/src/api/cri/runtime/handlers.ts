import { ContainerEventType, type RuntimeService } from '@berth/wire/gen/cri/v1/api_pb';
import type { PodEvent } from '#service/pod/contract';
import type { RpcHandlers } from '../../rpc/contract.ts';
import type { CriBackend } from '../backend.ts';
import { containerStatus } from '../container/status.ts';
import { podStatus } from '../pod/status.ts';
import { cgroupDriver, updateRuntimeConfig } from './config.ts';
import { runtimeStatus } from './status.ts';

type Handlers = Pick<
  RpcHandlers<typeof RuntimeService>,
  'version' | 'status' | 'runtimeConfig' | 'updateRuntimeConfig' | 'getContainerEvents'
>;

/** The methods about the engine as a whole. */
export function runtimeHandlers(backend: CriBackend): Handlers {
  return {
    // The first field is kubelet's own API, whose version never rose.
    version: async () => ({
      version: '0.1.0',
      runtimeName: 'berth',
      runtimeVersion: backend.facts.version,
      runtimeApiVersion: 'v1',
    }),
    status: (_, { verbose }) => runtimeStatus(backend, verbose),
    runtimeConfig: async () => ({ linux: { cgroupDriver: cgroupDriver(backend.facts) } }),
    updateRuntimeConfig: async (_, request) => {
      await updateRuntimeConfig(backend.network, request.runtimeConfig);
      return {};
    },
    getContainerEvents: async function* (call) {
      for await (const event of backend.podEvents.subscribe(call.signal)) yield containerEvent(event);
    },
  };
}

const eventTypes: Readonly<Record<PodEvent['type'], ContainerEventType>> = {
  created: ContainerEventType.CONTAINER_CREATED_EVENT,
  started: ContainerEventType.CONTAINER_STARTED_EVENT,
  stopped: ContainerEventType.CONTAINER_STOPPED_EVENT,
  deleted: ContainerEventType.CONTAINER_DELETED_EVENT,
};

function containerEvent({ id, type, at, pod, containers }: PodEvent) {
  return {
    containerId: id,
    containerEventType: eventTypes[type],
    createdAt: at,
    ...(pod === undefined ? {} : { podSandboxStatus: podStatus(pod) }),
    containersStatuses: containers.map(containerStatus),
  };
}
