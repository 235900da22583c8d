import assert from 'node:assert/strict';
import type { Case } from '../suite/case.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import { refused } from '../suite/refused.ts';
import { until } from '../suite/until.ts';

/** Why a case of a retry cannot be had there. */
const unsteady = 'it says that the name is reserved, unless the client was gone before it had begun';

/** The pods of this case. */
async function podsOf(kubelet: Kubelet): Promise<string[]> {
  const { items } = await kubelet.runtime.listPodSandbox({ filter: { labelSelector: { case: kubelet.tag } } });
  return items.map(({ id }) => id);
}

export const cases: readonly Case[] = [
  {
    name: 'of two runs of one pod at once one is refused, or both have the same',
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      const runs = await Promise.allSettled([1, 2, 3].map(() => kubelet.runPod(config)));
      const ids = runs.flatMap((run) => (run.status === 'fulfilled' ? [run.value.id] : []));
      assert.equal(new Set(ids).size, 1);
      assert.deepEqual(await podsOf(kubelet), [...new Set(ids)]);
    },
  },
  {
    name: 'of two creations of one container at once one is refused, or both have the same',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig();
      const ends = await Promise.allSettled([1, 2, 3].map(() => pod.createExactly(config)));
      const ids = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value.id] : []));
      assert.equal(new Set(ids).size, 1);
      const { containers } = await kubelet.runtime.listContainers({ filter: { podSandboxId: pod.id } });
      assert.equal(containers.length, 1);
    },
  },
  {
    name: 'a client that gave up gets the pod that finished late, when it tries again',
    containerdUnsteady: unsteady,
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      await refused(kubelet.runtime.runPodSandbox({ config }, { timeout: 1 }), 'deadline_exceeded', 'cancelled');
      const pod = await kubelet.runPod(config);
      assert.deepEqual(await podsOf(kubelet), [pod.id]);
      assert.equal(await pod.output('echo usable'), 'usable');
    },
  },
  {
    name: 'a client that gave up gets the container that finished late, when it tries again',
    containerdUnsteady: unsteady,
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig();
      const request = { podSandboxId: pod.id, config, sandboxConfig: pod.config };
      await refused(kubelet.runtime.createContainer(request, { timeout: 1 }), 'deadline_exceeded', 'cancelled');
      const container = await pod.createExactly(config);
      await container.start();
      const { containers } = await kubelet.runtime.listContainers({ filter: { podSandboxId: pod.id } });
      assert.deepEqual(
        containers.map(({ id }) => id),
        [container.id],
      );
    },
  },
  {
    name: 'what a client gave up for ever is removed by its id',
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      await refused(kubelet.runtime.runPodSandbox({ config }, { timeout: 1 }), 'deadline_exceeded', 'cancelled');
      // It may come, and it may be given up.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      for (const podSandboxId of await podsOf(kubelet)) await kubelet.runtime.removePodSandbox({ podSandboxId });
      await until(async () => (await podsOf(kubelet)).length === 0, 'no pod is left');
      await kubelet.runPod(config);
    },
  },
  {
    name: 'the removal of a container that is being stopped ends it',
    run: async (kubelet) => {
      const deaf = { command: ['sh', '-c', 'trap : TERM; while :; do sleep 0.1; done'] };
      const container = await (await kubelet.pod()).start(deaf);
      const stop = container.stop(2n).catch(() => undefined);
      await container.remove();
      await stop;
      await refused(container.status(), 'not_found');
    },
  },
  {
    name: 'a pod is removed while its containers are made',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig();
      const creating = pod.createExactly(config).catch(() => undefined);
      await pod.remove().catch(() => undefined);
      await creating;
      await pod.remove();
      const { containers } = await kubelet.runtime.listContainers({ filter: { podSandboxId: pod.id } });
      assert.deepEqual(containers, []);
    },
  },
];
