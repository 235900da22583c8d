import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { silentLog } from '@berth/model/context';
import type { ContainerUsage, PodStats, PodUsage } from '#service/pod-stats/contract';
import { containerView, podView } from '../view-fixture.ts';
import { statsHandlers } from './handlers.ts';

const at = 1_700_000_000_000_000_001n;
const psi = {
  full: { total: 1n, avg10: 0.5, avg60: 0, avg300: 0 },
  some: { total: 2n, avg10: 0, avg60: 0.25, avg300: 0 },
};
const memory = { at, workingSet: 5n, usage: 6n, rss: 7n, pageFaults: 8n, majorPageFaults: 9n };
const usage: ContainerUsage = {
  container: containerView(),
  cpu: { at, usage: 10n, nanoCores: 11n, psi },
  memory: { ...memory, available: 0n },
  swap: { at, available: 0n, usage: 3n },
  io: { at, psi },
  writableLayer: { at, mountpoint: '/var/lib/berth', bytes: 4096n, inodes: 2n },
};
const eth0 = { name: 'eth0', rxBytes: 1n, rxErrors: 0n, txBytes: 2n, txErrors: 0n };
const pod: PodUsage = {
  pod: podView(),
  cpu: { at, usage: 20n },
  memory,
  network: { at, main: eth0, others: [{ ...eth0, name: 'net1' }] },
  processes: { at, count: 4n },
  containers: [usage],
};

const asked: unknown[] = [];
const stats: PodStats = {
  container: (_, ref) => Promise.resolve((asked.push(ref), usage)),
  containers: (_, filter) => Promise.resolve((asked.push(filter), Array.from({ length: 250 }, () => usage))),
  pod: () => Promise.resolve(pod),
  pods: (_, filter) => Promise.resolve((asked.push(filter), [pod])),
  metricDescriptors: () => [{ name: 'm', help: 'h', labelKeys: ['id'] }],
  metrics: () =>
    Promise.resolve([
      {
        podId: pod.pod.id,
        metrics: [{ name: 'm', at, type: 'gauge', labelValues: ['x'], value: 2n ** 64n - 1n }],
        containers: [{ containerId: usage.container.id, metrics: [] }],
      },
    ]),
};
const handlers = statsHandlers({ stats });
const call = { signal: new AbortController().signal, metadata: {}, log: silentLog };

/** The answer as a client reads it. */
function received<S extends Parameters<typeof create>[0]>(schema: S, answer: MessageInitShape<S>) {
  return fromBinary(schema, toBinary(schema, create(schema, answer)));
}

test("a container's statistics have presence where numbers are 0", async () => {
  const request = create(wire.ContainerStatsRequestSchema, { containerId: 'c' });
  const answer = received(wire.ContainerStatsResponseSchema, await handlers.containerStats(call, request));
  const { cpu, memory: used, swap, io, writableLayer, attributes } = answer.stats!;
  assert.equal(cpu?.usageNanoCores?.value, 11n);
  assert.equal(cpu?.psi?.Full?.Avg10, 0.5);
  assert.equal(used?.availableBytes?.value, 0n);
  assert.equal(swap?.swapUsageBytes?.value, 3n);
  assert.equal(io?.psi?.Some?.Total, 2n);
  assert.equal(writableLayer?.fsId?.mountpoint, '/var/lib/berth');
  assert.equal(attributes?.metadata?.name, 'app');
});

test('an id must be given', async () => {
  const request = create(wire.ContainerStatsRequestSchema, {});
  await assert.rejects(handlers.containerStats(call, request), { kind: 'invalid_argument', message: /container_id/ });
  const other = create(wire.PodSandboxStatsRequestSchema, {});
  await assert.rejects(handlers.podSandboxStats(call, other), { kind: 'invalid_argument', message: /pod_sandbox_id/ });
});

test('what is unknown of a pod is absent', async () => {
  const request = create(wire.PodSandboxStatsRequestSchema, { podSandboxId: 'p' });
  const answer = received(wire.PodSandboxStatsResponseSchema, await handlers.podSandboxStats(call, request));
  const linux = answer.stats!.linux!;
  assert.deepEqual(
    [linux.cpu?.usageNanoCores, linux.memory?.availableBytes, linux.io],
    [undefined, undefined, undefined],
  );
  assert.deepEqual([linux.network?.defaultInterface?.name, linux.network?.interfaces[0]?.name], ['eth0', 'net1']);
  assert.deepEqual([linux.process?.processCount?.value, linux.containers.length], [4n, 1]);
});

test('filters are what is not empty of them', async () => {
  asked.length = 0;
  const filter = { id: 'a', podSandboxId: 'p', labelSelector: { app: 'web' } };
  await handlers.listContainerStats(call, create(wire.ListContainerStatsRequestSchema, { filter }));
  await handlers.listContainerStats(call, create(wire.ListContainerStatsRequestSchema, { filter: {} }));
  await handlers.listPodSandboxStats(call, create(wire.ListPodSandboxStatsRequestSchema, {}));
  assert.deepEqual(asked, [{ id: 'a', podId: 'p', labels: { app: 'web' } }, {}, {}]);
});

test('a stream tells each once, in parts', async () => {
  const sizes: number[] = [];
  for await (const part of handlers.streamContainerStats(call, create(wire.StreamContainerStatsRequestSchema, {}))) {
    sizes.push(part.containerStats?.length ?? 0);
  }
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    250,
  );
  assert.ok(sizes.length > 1);
});

test('metrics have the largest numbers', async () => {
  const answer = received(
    wire.ListPodSandboxMetricsResponseSchema,
    await handlers.listPodSandboxMetrics(call, create(wire.ListPodSandboxMetricsRequestSchema, {})),
  );
  const [first] = answer.podMetrics;
  assert.deepEqual(
    [first?.metrics[0]?.value?.value, first?.metrics[0]?.metricType],
    [2n ** 64n - 1n, wire.MetricType.GAUGE],
  );
  assert.equal(first?.containerMetrics.length, 1);
});
