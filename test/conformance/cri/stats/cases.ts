import assert from 'node:assert/strict';
import type { Case } from '../suite/case.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import { refused } from '../suite/refused.ts';
import { until } from '../suite/until.ts';

const busy = { command: ['sh', '-c', 'dd if=/dev/zero of=/tmp/file bs=1M count=3 2>/dev/null; while :; do :; done'] };

async function statsOf({ runtime }: Kubelet, containerId: string) {
  const { stats } = await runtime.containerStats({ containerId });
  assert.ok(stats !== undefined, 'the answer has no statistics');
  return stats;
}

export const cases: readonly Case[] = [
  {
    name: 'a container has its attributes, processor time and memory',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ ...busy, labels: { a: 'b' }, annotations: { c: 'd' } });
      await until(
        async () => ((await statsOf(kubelet, container.id)).cpu?.usageCoreNanoSeconds?.value ?? 0n) > 50_000_000n,
        'the processor time grows',
      );
      const { attributes, cpu, memory } = await statsOf(kubelet, container.id);
      assert.equal(attributes?.id, container.id);
      assert.deepEqual([{ ...attributes?.labels }, { ...attributes?.annotations }], [{ a: 'b' }, { c: 'd' }]);
      assert.equal(attributes?.metadata?.name, container.config.metadata?.name);
      assert.ok((cpu?.timestamp ?? 0n) > 1_500_000_000_000_000_000n);
      assert.ok((memory?.workingSetBytes?.value ?? 0n) > 0n);
      assert.ok((memory?.timestamp ?? 0n) > 0n);
    },
  },
  {
    name: 'a container has what it wrote into its layer',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(busy);
      await until(
        async () => ((await statsOf(kubelet, container.id)).writableLayer?.usedBytes?.value ?? 0n) >= 3n << 20n,
        'three MiB are counted',
      );
      assert.notEqual((await statsOf(kubelet, container.id)).writableLayer?.fsId?.mountpoint ?? '', '');
    },
  },
  {
    name: 'the rate of the processors comes with the second sample',
    since: '1.7',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(busy);
      await until(
        async () => ((await statsOf(kubelet, container.id)).cpu?.usageNanoCores?.value ?? 0n) > 10_000_000n,
        'the rate is told',
      );
    },
  },
  {
    name: 'a list has the statistics of those that are wanted',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const labels = { case: kubelet.tag, part: 'one' };
      const one = await pod.start({ labels });
      await pod.start({ labels: { case: kubelet.tag } });
      const list = async (filter: object) => {
        const { stats } = await kubelet.runtime.listContainerStats({ filter });
        return stats.map(({ attributes }) => attributes?.id);
      };
      assert.equal((await list({ podSandboxId: pod.id })).length, 2);
      assert.deepEqual(await list({ id: one.id }), [one.id]);
      assert.deepEqual(await list({ labelSelector: labels }), [one.id]);
      assert.deepEqual(await list({ id: 'nobody' }), []);
    },
  },
  {
    name: 'containers that do not run do not disturb a list',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await pod.create();
      await pod.script('true');
      const running = await pod.start();
      const { stats } = await kubelet.runtime.listContainerStats({ filter: { podSandboxId: pod.id } });
      assert.ok(stats.some(({ attributes }) => attributes?.id === running.id));
    },
  },
  {
    name: 'statistics of a container that nobody knows are not found',
    run: async ({ runtime }) => {
      await refused(runtime.containerStats({ containerId: 'nobody' }), 'not_found', 'internal');
    },
  },
  {
    name: 'a pod has processor time, memory, processes, network and its containers',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod({ labels: { case: kubelet.tag } });
      const container = await pod.start();
      const { stats } = await kubelet.runtime.podSandboxStats({ podSandboxId: pod.id });
      const { attributes, linux } = stats!;
      assert.equal(attributes?.id, pod.id);
      assert.equal(attributes?.metadata?.uid, pod.config.metadata?.uid);
      assert.ok((linux?.cpu?.usageCoreNanoSeconds?.value ?? 0n) > 0n);
      assert.ok((linux?.memory?.workingSetBytes?.value ?? 0n) > 0n);
      assert.ok((linux?.process?.processCount?.value ?? 0n) >= 1n);
      assert.equal(linux?.network?.defaultInterface?.name, 'eth0');
      assert.deepEqual(
        linux?.containers.map((each) => each.attributes?.id),
        [container.id],
      );
    },
  },
  {
    name: 'a list has the pods that are wanted',
    run: async (kubelet) => {
      const [one, two] = [await kubelet.pod(), await kubelet.pod({ labels: { case: kubelet.tag, part: 'two' } })];
      const list = async (filter: object) => {
        const { stats } = await kubelet.runtime.listPodSandboxStats({ filter });
        return stats.map(({ attributes }) => attributes?.id).toSorted();
      };
      assert.deepEqual(await list({ labelSelector: { case: kubelet.tag } }), [one.id, two.id].toSorted());
      assert.deepEqual(await list({ id: one.id }), [one.id]);
      assert.deepEqual(await list({ labelSelector: { part: 'two' } }), [two.id]);
    },
  },
  {
    name: 'statistics of a pod that nobody knows are not found',
    run: async ({ runtime }) => {
      await refused(runtime.podSandboxStats({ podSandboxId: 'nobody' }), 'not_found', 'internal');
    },
  },
  {
    name: 'metrics are described, and have a value for each label that is',
    since: '2.0',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      await pod.start();
      const { descriptors } = await kubelet.runtime.listMetricDescriptors();
      const known = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
      assert.ok(known.size > 0);
      const { podMetrics } = await kubelet.runtime.listPodSandboxMetrics();
      const own = podMetrics.find(({ podSandboxId }) => podSandboxId === pod.id);
      const metrics = [...(own?.metrics ?? []), ...(own?.containerMetrics ?? []).flatMap((each) => each.metrics)];
      assert.ok(metrics.length > 10);
      for (const { name, labelValues } of metrics) assert.equal(labelValues.length, known.get(name)?.length, name);
    },
  },
];
