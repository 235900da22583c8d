import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type ContainerEventResponse,
  ContainerEventType,
  NamespaceMode,
  RuntimeService,
} from '@berth/wire/gen/cri/v1/api_pb';
import { CriClient } from '../harness/cri-client.ts';
import { CriImages } from '../harness/cri-images.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';

describe('events over the CRI', { skip: whySkipped || whyNoRegistry }, () => {
  const cleanup = new AsyncDisposableStack();
  let engine: Engine;
  let cri: CriClient;
  let images: CriImages;
  let image: string;

  before(async () => {
    images = cleanup.use(await CriImages.start());
    engine = cleanup.use(await Engine.start());
    cri = cleanup.use(await CriClient.open(engine.socket));
    image = await images.reference('box');
    await cri.images.pullImage({ image: { image } });
  });

  after(async () => {
    await cleanup.disposeAsync();
  });

  /** Reads events until one is as asked for, or the stream ends. */
  async function eventsUntil(
    isLast: (event: ContainerEventResponse) => boolean,
    signal: AbortSignal,
  ): Promise<ContainerEventResponse[]> {
    const events: ContainerEventResponse[] = [];
    for await (const event of cri.channel.serverStream(RuntimeService.method.getContainerEvents, {}, { signal })) {
      events.push(event);
      if (isLast(event)) break;
    }
    return events;
  }

  function podOf(name: string) {
    const onHost = { namespaceOptions: { network: NamespaceMode.NODE } };
    return {
      metadata: { name, uid: `uid-${name}`, namespace: 'events', attempt: 0 },
      linux: { securityContext: onHost },
    };
  }

  async function wholeLife(name: string): Promise<{ readonly pod: string; readonly container: string }> {
    const config = podOf(name);
    const { podSandboxId: pod } = await cri.runtime.runPodSandbox({ config });
    const { containerId: container } = await cri.runtime.createContainer({
      podSandboxId: pod,
      config: { metadata: { name: 'c', attempt: 0 }, image: { image }, command: ['true'] },
      sandboxConfig: config,
    });
    await cri.runtime.startContainer({ containerId: container });
    await cri.runtime.stopContainer({ containerId: container, timeout: 1n });
    await cri.runtime.removeContainer({ containerId: container });
    await cri.runtime.stopPodSandbox({ podSandboxId: pod });
    await cri.runtime.removePodSandbox({ podSandboxId: pod });
    return { pod, container };
  }

  const { CONTAINER_CREATED_EVENT, CONTAINER_STARTED_EVENT, CONTAINER_STOPPED_EVENT, CONTAINER_DELETED_EVENT } =
    ContainerEventType;

  test('the life of a pod and its container is told in order, to everybody who listens, with how things stand', async () => {
    const leave = new AbortController();
    const isLast = (event: ContainerEventResponse): boolean =>
      event.containerEventType === CONTAINER_DELETED_EVENT && event.podSandboxStatus === undefined;
    const listeners = [1, 2].map(() => eventsUntil(isLast, leave.signal));
    // A call on the same connection comes after those before it.
    await cri.runtime.version();
    const { pod, container } = await wholeLife('told');
    for (const events of await Promise.all(listeners)) {
      const typesOf = (id: string) =>
        events.filter(({ containerId }) => containerId === id).map(({ containerEventType }) => containerEventType);
      const life = [CONTAINER_CREATED_EVENT, CONTAINER_STARTED_EVENT, CONTAINER_STOPPED_EVENT, CONTAINER_DELETED_EVENT];
      assert.deepEqual(typesOf(pod), life);
      assert.deepEqual(typesOf(container), life);
      assert.ok(events.every(({ createdAt }) => createdAt > 0n));
      const started = events.find(
        (event) => event.containerId === container && event.containerEventType === CONTAINER_STARTED_EVENT,
      );
      assert.equal(started?.podSandboxStatus?.metadata?.name, 'told');
      assert.deepEqual(
        started.containersStatuses.map(({ id }) => id),
        [container],
      );
      assert.ok((started.containersStatuses[0]?.startedAt ?? 0n) > 0n);
      const stopped = events.find(
        (event) => event.containerId === container && event.containerEventType === CONTAINER_STOPPED_EVENT,
      );
      assert.ok((stopped?.containersStatuses[0]?.finishedAt ?? 0n) > 0n);
    }
    leave.abort();
  });

  test('a listener that does not read holds nobody back', async () => {
    await using lazy = cri.channel.call(RuntimeService.method.getContainerEvents);
    await lazy.send({});
    lazy.finish();
    for (const name of ['one', 'two', 'three']) await wholeLife(name);
    assert.equal((await cri.runtime.listPodSandbox()).items.length, 0);
  });
});
