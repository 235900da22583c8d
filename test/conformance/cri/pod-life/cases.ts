import assert from 'node:assert/strict';
import { PodSandboxState } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { anyRefusal, refused } from '../suite/refused.ts';
import { until } from '../suite/until.ts';

const { SANDBOX_READY, SANDBOX_NOTREADY } = PodSandboxState;

export const cases: readonly Case[] = [
  {
    name: 'a pod is ready when its run is answered',
    run: async (kubelet) => {
      const before = BigInt(Date.now() - 1000) * 1_000_000n;
      const { metadata, state, createdAt } = await (await kubelet.pod()).status();
      assert.equal(state, SANDBOX_READY);
      assert.equal(metadata?.namespace, 'tests');
      assert.ok(createdAt > before && createdAt < before + 600_000_000_000n, 'nanoseconds since 1970');
    },
  },
  {
    name: 'metadata, labels and annotations come back as they were',
    run: async (kubelet) => {
      const labels = { 'io.kubernetes.pod.name': 'x', case: kubelet.tag, empty: '' };
      const annotations = { 'example.org/json': '{"a": [1, 2,  "ü"]}', 'example.org/lines': 'a\nb\n', empty: '' };
      const metadata = { name: `n-${kubelet.tag}`, namespace: 'space', uid: `u-${kubelet.tag}`, attempt: 7 };
      const status = await (await kubelet.pod({ labels, annotations, metadata })).status();
      assert.deepEqual({ ...status.labels }, labels);
      assert.deepEqual({ ...status.annotations }, annotations);
      const { $typeName: _, ...told } = status.metadata!;
      assert.deepEqual({ ...told }, metadata);
    },
  },
  {
    name: 'a list has what a status has',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ annotations: { a: 'b' } });
      const { items } = await kubelet.runtime.listPodSandbox({ filter: { id: pod.id } });
      const status = await pod.status();
      assert.equal(items.length, 1);
      const [item] = items;
      for (const key of ['id', 'metadata', 'state', 'createdAt', 'labels', 'annotations', 'runtimeHandler'] as const)
        assert.deepEqual(item![key], status[key], key);
    },
  },
  {
    name: 'the namespaces of a pod are told as they were asked for',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { ipc: 2, pid: 0 } });
      const options = (await pod.status()).linux?.namespaces?.options;
      assert.deepEqual([options?.network, options?.ipc, options?.pid], [2, 2, 0]);
    },
  },
  {
    name: 'a stopped pod is not ready and still there',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await pod.stop();
      assert.equal((await pod.status()).state, SANDBOX_NOTREADY);
    },
  },
  {
    name: 'a pod can be stopped twice',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await pod.stop();
      await pod.stop();
    },
  },
  {
    name: 'a pod can be stopped several times at once',
    containerdUnsteady: 'its network plugins may meet in a namespace that goes',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      await Promise.all([pod.stop(), pod.stop(), pod.stop()]);
      assert.equal((await pod.status()).state, SANDBOX_NOTREADY);
    },
  },
  {
    name: 'a pod can be removed twice, and is gone',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await pod.stop();
      await pod.remove();
      await pod.remove();
      await refused(pod.status(), 'not_found');
      const { items } = await kubelet.runtime.listPodSandbox({ filter: { labelSelector: { case: kubelet.tag } } });
      assert.deepEqual(items, []);
    },
  },
  {
    name: 'a pod that runs is stopped by its removal, with its containers',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const container = await pod.start();
      await pod.remove();
      await refused(pod.status(), 'not_found');
      await refused(container.status(), 'not_found');
    },
  },
  {
    name: 'to remove a pod that nobody knows is success',
    run: async ({ runtime }) => void (await runtime.removePodSandbox({ podSandboxId: 'nobody' })),
  },
  {
    name: 'to stop a pod that nobody knows is success',
    since: '1.7',
    run: async ({ runtime }) => void (await runtime.stopPodSandbox({ podSandboxId: 'nobody' })),
  },
  {
    name: 'the status of a pod that nobody knows is not found',
    run: async ({ runtime }) => void (await refused(runtime.podSandboxStatus({ podSandboxId: 'nobody' }), 'not_found')),
  },
  {
    name: 'the name of a pod is reserved while it is there',
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      const pod = await kubelet.runPod(config);
      await refused(kubelet.runPod(config));
      await pod.remove();
      const again = await kubelet.runPod(config);
      assert.notEqual(again.id, pod.id);
    },
  },
  {
    name: 'another attempt of the same pod is another pod',
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      const pod = await kubelet.runPod(config);
      await pod.stop();
      const metadata = { ...config.metadata, attempt: 1 };
      const again = await kubelet.runPod({ ...config, metadata });
      assert.notEqual(again.id, pod.id);
      assert.equal((await again.status()).metadata?.attempt, 1);
    },
  },
  {
    name: 'a pod without metadata is refused',
    run: async (kubelet) => {
      const { metadata: _, ...config } = kubelet.podConfig();
      await refused(kubelet.runPod(config), ...anyRefusal);
    },
  },
  {
    name: 'a pod without a configuration is refused',
    run: async ({ runtime }) => void (await refused(runtime.runPodSandbox({}), ...anyRefusal)),
  },
  {
    name: 'a runtime handler that is not configured is refused, and leaves no pod',
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      const message = await refused(kubelet.runPod(config, 'nobody-has-this'), ...anyRefusal);
      assert.match(message, /nobody-has-this/);
      await kubelet.runPod(config);
    },
  },
  {
    name: 'another runtime handler runs the pod and its containers, and is told',
    run: async (kubelet) => {
      const { otherHandler } = kubelet.target;
      const pod = await kubelet.pod({}, otherHandler);
      assert.equal((await pod.status()).runtimeHandler, otherHandler);
      assert.equal(await pod.output('echo here'), 'here');
    },
  },
  {
    name: 'ids and their starts are known',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      for (const id of [pod.id, pod.id.slice(0, 13)]) {
        const { status } = await kubelet.runtime.podSandboxStatus({ podSandboxId: id });
        assert.equal(status?.id, pod.id);
        const { items } = await kubelet.runtime.listPodSandbox({ filter: { id } });
        assert.deepEqual(
          items.map((item) => item.id),
          [pod.id],
        );
      }
    },
  },
  {
    name: 'filters of a list must all be met',
    run: async (kubelet) => {
      const one = await kubelet.pod({ labels: { case: kubelet.tag, part: 'one' } });
      const two = await kubelet.pod({ labels: { case: kubelet.tag, part: 'two' } });
      await two.stop();
      const list = async (filter: object) => {
        const { items } = await kubelet.runtime.listPodSandbox({ filter });
        return items.map(({ id }) => id).toSorted();
      };
      const all = { case: kubelet.tag };
      assert.deepEqual(await list({ labelSelector: all }), [one.id, two.id].toSorted());
      assert.deepEqual(await list({ labelSelector: { ...all, part: 'one' } }), [one.id]);
      assert.deepEqual(await list({ labelSelector: all, state: { state: SANDBOX_READY } }), [one.id]);
      assert.deepEqual(await list({ labelSelector: all, state: { state: SANDBOX_NOTREADY } }), [two.id]);
      assert.deepEqual(await list({ id: one.id, state: { state: SANDBOX_NOTREADY } }), []);
      assert.deepEqual(await list({ id: 'nobody' }), []);
      assert.deepEqual(await list({ labelSelector: { ...all, part: '' } }), []);
    },
  },
  {
    name: 'a list without a filter has all pods, ready or not',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await pod.stop();
      const { items } = await kubelet.runtime.listPodSandbox();
      assert.ok(items.some(({ id }) => id === pod.id));
    },
  },
  {
    name: 'a verbose status has JSON with the process of the sandbox',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const { info } = await kubelet.runtime.podSandboxStatus({ podSandboxId: pod.id, verbose: true });
      const { pid } = JSON.parse(info['info'] ?? '{}') as { pid?: number };
      assert.ok(pid !== undefined && pid > 1);
      process.kill(pid, 0);
    },
  },
  {
    name: 'the sandbox of a pod is no container of it',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const { containers } = await kubelet.runtime.listContainers({ filter: { podSandboxId: pod.id } });
      assert.deepEqual(containers, []);
    },
  },
  {
    name: 'a pod whose sandbox has died is not ready, and can be stopped and removed',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const { info } = await kubelet.runtime.podSandboxStatus({ podSandboxId: pod.id, verbose: true });
      process.kill((JSON.parse(info['info'] ?? '{}') as { pid: number }).pid, 'SIGKILL');
      await until(async () => (await pod.status()).state === SANDBOX_NOTREADY, 'the pod is not ready');
      await pod.stop();
      await pod.remove();
    },
  },
  {
    name: 'several pods can be run at once',
    run: async (kubelet) => {
      const pods = await Promise.all([1, 2, 3, 4].map(() => kubelet.networkPod()));
      const addresses = await Promise.all(pods.map((pod) => pod.address()));
      assert.equal(new Set(addresses).size, 4, addresses.join());
    },
  },
];
