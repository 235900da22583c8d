import assert from 'node:assert/strict';
import {
  ContainerEventType,
  type ContainerEventResponse,
  ImageService,
  RuntimeService,
} from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import { until } from '../suite/until.ts';

const { CONTAINER_CREATED_EVENT, CONTAINER_STARTED_EVENT, CONTAINER_STOPPED_EVENT, CONTAINER_DELETED_EVENT } =
  ContainerEventType;

/** Takes the events of the server, from a moment after it is made. */
class Listener implements AsyncDisposable {
  readonly events: ContainerEventResponse[] = [];
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;

  constructor({ client }: Kubelet) {
    this.#ended = this.#listen(client.channel);
  }

  /** Types of the events of one container or pod, in their order. */
  of(id: string): number[] {
    return this.events.filter(({ containerId }) => containerId === id).map((event) => event.containerEventType);
  }

  async #listen(channel: Kubelet['client']['channel']): Promise<void> {
    const options = { signal: this.#abort.signal };
    try {
      for await (const event of channel.serverStream(RuntimeService.method.getContainerEvents, {}, options))
        this.events.push(event);
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#ended;
  }
}

async function listening(kubelet: Kubelet): Promise<Listener> {
  const listener = new Listener(kubelet);
  const first = await kubelet.pod();
  // The stream begins some time after its call.
  await until(async () => {
    await (await first.create()).remove();
    return listener.events.length > 0;
  }, 'events come');
  return listener;
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

export const cases: readonly Case[] = [
  {
    name: 'the life of a container is told in its order',
    since: '1.7',
    run: async (kubelet) => {
      await using listener = await listening(kubelet);
      const pod = await kubelet.pod();
      const container = await pod.start();
      await container.stop();
      await container.remove();
      const all = [CONTAINER_CREATED_EVENT, CONTAINER_STARTED_EVENT, CONTAINER_STOPPED_EVENT, CONTAINER_DELETED_EVENT];
      await until(() => listener.of(container.id).length >= 4, 'four events come');
      assert.deepEqual(listener.of(container.id), all);
    },
  },
  {
    name: 'the life of a pod is told with its id',
    since: '1.7',
    run: async (kubelet) => {
      await using listener = await listening(kubelet);
      const pod = await kubelet.pod();
      await pod.stop();
      await pod.remove();
      await until(() => listener.of(pod.id).includes(CONTAINER_DELETED_EVENT), 'the last event comes');
      const types = listener.of(pod.id);
      assert.deepEqual(types, types.toSorted(), 'in their order');
      assert.ok(types.includes(CONTAINER_CREATED_EVENT) && types.includes(CONTAINER_STOPPED_EVENT), types.join());
    },
  },
  {
    name: 'an event has the status of the pod and of its containers',
    since: '1.7',
    run: async (kubelet) => {
      await using listener = await listening(kubelet);
      const pod = await kubelet.pod();
      const container = await pod.start({ command: ['sh', '-c', 'exit 5'] });
      const stopped = () =>
        listener.events.find(
          (event) => event.containerId === container.id && event.containerEventType === CONTAINER_STOPPED_EVENT,
        );
      await until(() => stopped() !== undefined, 'the end is told');
      assert.equal(stopped()?.podSandboxStatus?.id, pod.id);
      const status = stopped()?.containersStatuses.find(({ id }) => id === container.id);
      assert.equal(status?.exitCode, 5);
    },
  },
  {
    name: 'streams have what lists have, each thing once',
    since: '2.9',
    run: async (kubelet) => {
      const { channel } = kubelet.client;
      const pod = await kubelet.pod();
      const container = await pod.start();
      const pods = await collect(channel.serverStream(RuntimeService.method.streamPodSandboxes, {}));
      const podIds = pods.flatMap((part) => part.podSandboxes.map(({ id }) => id));
      assert.equal(podIds.filter((id) => id === pod.id).length, 1);
      const filter = { podSandboxId: pod.id };
      const containers = await collect(channel.serverStream(RuntimeService.method.streamContainers, { filter }));
      assert.deepEqual(
        containers.flatMap((part) => part.containers.map(({ id }) => id)),
        [container.id],
      );
      const stats = await collect(channel.serverStream(RuntimeService.method.streamContainerStats, { filter }));
      assert.deepEqual(
        stats.flatMap((part) => part.containerStats.map(({ attributes }) => attributes?.id)),
        [container.id],
      );
      const images = await collect(channel.serverStream(ImageService.method.streamImages, {}));
      const imageIds = images.flatMap((part) => part.images.map(({ id }) => id));
      assert.equal(new Set(imageIds).size, imageIds.length);
    },
  },
];
