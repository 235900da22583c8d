import type { PodBackend, PodParts } from './backend.ts';
import { createPodContainerService } from './container-service.ts';
import { containerReservation } from './create-container.ts';
import type { PodContainerService, PodEvents, PodService } from './contract.ts';
import { PodEventHub } from './events.ts';
import { createPodService } from './pod-service.ts';
import { recoverPods } from './recover.ts';
import type { PodRegistry } from './registry.ts';
import { Reservations } from './reservations.ts';

export interface PodServices extends Disposable {
  readonly pods: PodService;
  readonly podContainers: PodContainerService;
  readonly podEvents: PodEvents;
  /** After the containers have been recovered, and before anybody asks. */
  recover(): Promise<void>;
}

export function createPodServices(parts: PodParts & { readonly registry: PodRegistry }): PodServices {
  const { registry: pods, containers, ...rest } = parts;
  const events = new PodEventHub();
  const podNames = new Reservations('pod', (id) => handedPod(pods, id));
  const containerNames = new Reservations('container', (id) => handedContainer(pods, containers, id));
  const backend: PodBackend = { ...rest, containers, pods, events, podNames, containerNames };
  const stopListening = events.listen(containers.events, pods, (pod, { record }) => {
    const config = record.pod?.container?.config;
    if (config !== undefined) containerNames.release(containerReservation(pod, config).name);
  });
  return {
    pods: createPodService(backend),
    podContainers: createPodContainerService(backend),
    podEvents: events,
    recover: () => recoverPods(backend),
    [Symbol.dispose]: stopListening,
  };
}

/** Not waited for: a client that is given the same pod again after a crash has lost nothing. */
function handedPod(pods: PodRegistry, id: string): void {
  const pod = pods.get(id);
  if (pod === undefined) return;
  pod.change({ handed: true });
  pods.saveSoon(pod);
}

function handedContainer(pods: PodRegistry, containers: PodParts['containers'], id: string): void {
  const container = pods.member(id)?.container;
  const part = container?.record.pod;
  if (container === undefined || part === undefined) return;
  container.record = { ...container.record, pod: { ...part, handed: true } };
  containers.registry.save(container);
}
