import assert from 'node:assert/strict';
import { rmdirSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Metric,
  MetricType,
  NamespaceMode,
  type PodSandboxMetrics,
  RuntimeService,
} from '@berth/wire/gen/cri/v1/api_pb';
import { cgroupFoldersOf } from '../harness/cgroup-folders.ts';
import { whySkipped } from '../harness/engine.ts';
import { eventPatience } from '../harness/patience.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

const { methods } = RuntimeService;
const method = (name: string) => methods.find(({ localName }) => localName === name) as never;

describe('statistics of pods', { skip: whySkipped || whyNoRegistry }, () => {
  let place: PodPlace;
  before(async () => {
    place = await PodPlace.open();
  });
  afterEach(() => place.removeAll());
  after(() => place[Symbol.asyncDispose]());

  async function container(id: string) {
    const { stats } = await place.cri.runtime.containerStats({ containerId: id });
    assert.ok(stats !== undefined);
    return stats;
  }

  /** All parts of a method that streams. */
  async function parts<T>(name: string, request: object = {}): Promise<T[]> {
    const found: T[] = [];
    for await (const part of place.cri.channel.serverStream(method(name), request as never)) found.push(part as T);
    return found;
  }

  test('a container that computes and holds memory is seen to do so', async () => {
    const pod = await place.run();
    const memory = { memoryLimitInBytes: BigInt(64 << 20) };
    const script = 'dd if=/dev/zero of=/dev/shm/held bs=1M count=8 2>/dev/null; while :; do :; done';
    const id = await place.start(pod, { command: ['sh', '-c', script], linux: { resources: memory } });
    await until(async () => ((await container(id)).cpu?.usageCoreNanoSeconds?.value ?? 0n) > 100_000_000n);
    await sleep(1100);
    const { cpu, memory: used, writableLayer, attributes } = await container(id);
    assert.equal(attributes?.id, id);
    assert.ok((cpu?.usageNanoCores?.value ?? 0n) > 50_000_000n, `it runs: ${cpu?.usageNanoCores?.value}`);
    const { workingSetBytes, availableBytes, usageBytes, rssBytes, pageFaults } = used!;
    assert.ok(usageBytes!.value >= BigInt(8 << 20), `usage ${usageBytes?.value}`);
    assert.equal(workingSetBytes!.value + availableBytes!.value, BigInt(64 << 20));
    assert.ok(rssBytes!.value > 0n && pageFaults!.value > 0n);
    // kubelet takes the layers for parts of the file system of the images.
    const { imageFilesystems } = await place.cri.images.imageFsInfo();
    assert.equal(writableLayer?.fsId?.mountpoint, imageFilesystems[0]?.fsId?.mountpoint);
  });

  test('what a container writes to its own layer is counted there', async () => {
    const pod = await place.run();
    const id = await place.start(pod, { command: ['sh', '-c', 'head -c 3000000 /dev/urandom >/big; sleep 1000'] });
    await until(async () => (await place.try(id, 'test $(stat -c %s /big) = 3000000')).exitCode === 0);
    const { writableLayer } = await container(id);
    assert.ok(writableLayer!.usedBytes!.value >= 3_000_000n, String(writableLayer?.usedBytes?.value));
    assert.ok(writableLayer!.inodesUsed!.value >= 1n);
  });

  test('a container that is not started has zeros with a time; one that has ended is in no list', async () => {
    const pod = await place.run();
    const made = await place.create(pod);
    const over = await place.start(pod, { command: ['true'] });
    const { cpu, memory } = await container(made);
    assert.ok(cpu!.timestamp > 0n && memory!.timestamp > 0n);
    assert.equal(cpu?.usageCoreNanoSeconds?.value, 0n);
    const listed = async () => {
      const { stats } = await place.cri.runtime.listContainerStats({ filter: { podSandboxId: pod } });
      return stats.map(({ attributes }) => attributes?.id);
    };
    await until(async () => !(await listed()).includes(over));
    assert.deepEqual(await listed(), [made]);
    await assert.rejects(place.cri.runtime.containerStats({ containerId: over }), { kind: 'failed_precondition' });
    await assert.rejects(place.cri.runtime.containerStats({ containerId: 'nosuch' }), { kind: 'not_found' });
  });

  test("a pod has its own cgroup's numbers, its network's, and its containers'", async () => {
    const cgroupParent = `${place.engine.cgroupParent}/kubepods/pod1`;
    const pod = await place.run({ linux: { cgroupParent } });
    const id = await place.start(pod);
    await place.sh(
      id,
      'ip addr show eth0; wget -q -T 1 -O - http://$(ip route | sed -n "s/default via \\([^ ]*\\).*/\\1/p"):9 || true',
    );
    const { stats } = await place.cri.runtime.podSandboxStats({ podSandboxId: pod });
    const linux = stats!.linux!;
    assert.equal(linux.network?.defaultInterface?.name, 'eth0');
    assert.ok(linux.network.defaultInterface.txBytes!.value > 0n, 'it sent packets');
    assert.ok(linux.process!.processCount!.value >= 2n, 'the sandbox’s process and the container’s');
    assert.deepEqual(
      linux.containers.map(({ attributes }) => attributes?.id),
      [id],
    );
    assert.ok(linux.memory!.usageBytes!.value >= linux.containers[0]!.memory!.usageBytes!.value);
    assert.ok(linux.cpu!.usageCoreNanoSeconds!.value > 0n);
    await place.remove(pod);
    // kubelet removes what it has made.
    for (const folder of cgroupFoldersOf({ cgroupParent: `${place.engine.cgroupParent}/kubepods` }).toReversed()) {
      rmdirSync(folder);
    }
  });

  test('a pod in the host’s network has no network of its own', async () => {
    const namespaceOptions = { network: NamespaceMode.NODE };
    const pod = await place.run({ hostname: '', linux: { securityContext: { namespaceOptions } } });
    const { stats } = await place.cri.runtime.podSandboxStats({ podSandboxId: pod });
    assert.equal(stats?.linux?.network, undefined);
  });

  test('lists and streams tell the same, filtered by labels', async () => {
    const labels = { app: 'seen' };
    const pod = await place.run({ labels });
    const other = await place.run();
    const id = await place.start(pod, { labels });
    await place.start(other);
    const filter = { labelSelector: labels };
    const { stats } = await place.cri.runtime.listPodSandboxStats({ filter });
    assert.deepEqual(
      stats.map(({ attributes }) => attributes?.id),
      [pod],
    );
    const [streamed] = await parts<{ podSandboxStats: typeof stats }>('streamPodSandboxStats', { filter });
    assert.equal(streamed?.podSandboxStats[0]?.attributes?.id, pod);
    const { stats: ofContainers } = await place.cri.runtime.listContainerStats({ filter });
    assert.deepEqual(
      ofContainers.map(({ attributes }) => attributes?.id),
      [id],
    );
    const all = await place.cri.runtime.listPodSandboxStats();
    assert.equal(all.stats.length, 2);
    await place.cri.runtime.stopPodSandbox({ podSandboxId: other });
    assert.equal((await place.cri.runtime.listPodSandboxStats()).stats.length, 1);
    await assert.rejects(place.cri.runtime.podSandboxStats({ podSandboxId: other }), { kind: 'failed_precondition' });
  });

  test('metrics have the names and labels that their descriptors say', async () => {
    const pod = await place.run();
    const id = await place.start(pod);
    const { descriptors } = await place.cri.runtime.listMetricDescriptors();
    const labels = new Map(descriptors.map(({ name, labelKeys }) => [name, labelKeys]));
    const { podMetrics } = await place.cri.runtime.listPodSandboxMetrics();
    const found = podMetrics.find(({ podSandboxId }) => podSandboxId === pod);
    const ofContainer = found?.containerMetrics.find(({ containerId }) => containerId === id)?.metrics ?? [];
    for (const { name, labelValues } of [...(found?.metrics ?? []), ...ofContainer]) {
      assert.equal(labelValues.length, labels.get(name)?.length, name);
    }
    const one = (name: string): Metric => ofContainer.find((metric) => metric.name === name)!;
    assert.ok(one('container_memory_usage_bytes').value!.value > 0n);
    assert.equal(one('container_processes').value?.value, 1n);
    assert.ok(one('container_file_descriptors').value!.value >= 3n);
    assert.equal(one('container_start_time_seconds').metricType, MetricType.GAUGE);
    const network = found!.metrics.find(({ name }) => name === 'container_network_transmit_bytes_total');
    assert.equal(network?.labelValues.at(-1), 'eth0');
    const streamed = await parts<{ podSandboxMetrics: PodSandboxMetrics[] }>('streamPodSandboxMetrics');
    assert.equal(streamed[0]?.podSandboxMetrics[0]?.podSandboxId, pod);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + eventPatience; !(await isSo()); await sleep(50)) {
    assert.ok(Date.now() < deadline, 'it does not come about');
  }
}
