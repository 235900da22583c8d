import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backgroundContext } from '@berth/model/context';
import type { PodContainerFilter, PodContainerView, PodFilter, PodView } from '../pod/contract.ts';
import type { Metric, PodStats } from './contract.ts';
import { createPodStats } from './pod-stats.ts';

const context = backgroundContext();
const psi =
  'some avg10=2.50 avg60=1.00 avg300=0.10 total=3000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n';

/** Files of a v2 machine. */
const files = {
  'cpu.stat':
    'usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\nnr_periods 9\nnr_throttled 2\nthrottled_usec 1\n',
  'memory.current': '8192\n',
  'memory.max': '65536\n',
  'memory.peak': '16384\n',
  'memory.stat':
    'anon 4096\nfile 3000\nfile_mapped 500\ninactive_file 2048\nactive_file 100\npgfault 11\npgmajfault 3\n',
  'memory.events': 'low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n',
  'memory.swap.current': '0\n',
  'memory.swap.max': '4096\n',
  'pids.current': '7\n',
  'pids.max': 'max\n',
  'io.stat': '250:7 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n',
  'cpu.pressure': psi,
  'memory.pressure': psi,
  'io.pressure': psi,
  'cgroup.procs': '',
};

const pod = {
  id: 'pod1',
  state: 'ready',
  pid: 0,
  config: {
    metadata: { name: 'web', namespace: 'shop', uid: 'u', attempt: 0 },
    cgroupParent: '/kubepods/pod1',
    security: { namespaces: { network: 'pod' } },
  },
} as unknown as PodView;
const bare = { ...pod, id: 'pod2', config: { ...pod.config, cgroupParent: '' } } as PodView;

function container(id: string, podId: string, status: PodContainerView['status']): PodContainerView {
  const resources = {
    cpuPeriod: 0,
    cpuQuota: 50_000,
    cpuShares: 2,
    memoryLimit: 65_536,
    memorySwapLimit: -1,
    unified: {},
  };
  return {
    id,
    podId,
    status,
    pid: 0,
    snapshotKey: id,
    podMetadata: pod.config.metadata,
    state: { startedAt: '1700000000000000000' },
    part: { config: { metadata: { name: 'app', attempt: 0 } }, imageRef: 'app@sha256:1', resources },
  } as unknown as PodContainerView;
}

const containers = [
  container('runs', 'pod1', 'running'),
  container('made', 'pod1', 'created'),
  container('over', 'pod1', 'exited'),
  container('other', 'pod2', 'running'),
];

function open(base: string): PodStats {
  for (const cgroup of ['kubepods/pod1', 'kubepods/pod1/runs', 'berth/pod2', 'berth/other']) {
    const folder = path.join(base, cgroup);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  }
  return createPodStats({
    pods: {
      inspect: (_, id) => (id === 'pod2' ? bare : { ...pod, state: id === 'pod1' ? 'ready' : 'not_ready' }),
      list: (_, filter: PodFilter = {}) => [pod, bare].filter(({ id }) => filter.id === undefined || id === filter.id),
    },
    containers: {
      inspect: (_, id) => containers.find((one) => one.id === id)!,
      list: (_, { podId }: PodContainerFilter = {}) =>
        containers.filter((one) => podId === undefined || one.podId === podId),
    },
    cgroups: { version: 2, hierarchies: [], unified: base, controllers: [] },
    cgroupPathOf: (id) => (id === 'runs' ? '/kubepods/pod1/runs' : `/berth/${id}`),
    snapshots: { usage: () => Promise.resolve({ bytes: 12_288, inodes: 3 }) },
    mountpoint: base,
  });
}

describe('statistics of pods', () => {
  let base: string;
  let stats: PodStats;
  before(() => {
    base = mkdtempSync(path.join(tmpdir(), 'berth-pod-stats-'));
    stats = open(base);
  });
  after(() => rmSync(base, { recursive: true }));

  test('a container that runs has all that v2 counts', async () => {
    const { cpu, memory, swap, io, writableLayer } = await stats.container(context, 'runs');
    assert.equal(cpu.usage, 5_000_000_000n);
    assert.equal(cpu.psi?.some.avg10, 2.5);
    assert.deepEqual(
      [memory.usage, memory.workingSet, memory.available, memory.rss, memory.pageFaults, memory.majorPageFaults],
      [8192n, 6144n, 59_392n, 4096n, 11n, 3n],
    );
    assert.equal(swap?.usage, 0n);
    assert.equal(io?.psi?.full.total, 1_000_000n);
    assert.deepEqual([writableLayer.bytes, writableLayer.inodes, writableLayer.mountpoint], [12_288n, 3n, base]);
    for (const { at } of [cpu, memory, swap, io, writableLayer]) assert.ok(at > 1_700_000_000_000_000_000n);
  });

  test('one that is made used nothing yet, and has a time', async () => {
    const { cpu, memory } = await stats.container(context, 'made');
    assert.deepEqual([cpu.usage, memory.usage, memory.available], [0n, 0n, undefined]);
    assert.ok(cpu.at > 0n && memory.at > 0n);
  });

  test('one that has ended has no numbers: it is in no list, and asking for it is refused', async () => {
    const found = await stats.containers(context);
    assert.deepEqual(
      found.map((one) => one.container.id),
      ['runs', 'made', 'other'],
    );
    await assert.rejects(stats.container(context, 'over'), { kind: 'failed_precondition', code: 'not_running' });
    await assert.rejects(stats.pod(context, 'ended'), { kind: 'failed_precondition', code: 'pod_not_ready' });
  });

  test('a pod has the numbers of its own cgroup, not the sum', async () => {
    const usage = await stats.pod(context, 'pod1');
    assert.deepEqual([usage.cpu.usage, usage.processes.count], [5_000_000_000n, 7n]);
    assert.equal(usage.network, undefined);
    assert.equal(usage.containers.length, 2);
  });

  test('a pod without a cgroup of its own has the sum of its sandbox and its containers', async () => {
    const usage = await stats.pod(context, 'pod2');
    assert.deepEqual(
      [usage.cpu.usage, usage.memory.workingSet, usage.processes.count],
      [10_000_000_000n, 12_288n, 14n],
    );
  });

  test('every metric is described, and has as many labels as its descriptor', async () => {
    const descriptors = new Map(stats.metricDescriptors().map((one) => [one.name, one]));
    const all = await stats.metrics(context);
    const metrics = all.flatMap((one) => [...one.metrics, ...one.containers.flatMap((each) => each.metrics)]);
    assert.ok(metrics.length > 100);
    for (const { name, labelValues, value, at } of metrics) {
      assert.equal(labelValues.length, descriptors.get(name)?.labelKeys.length, name);
      assert.ok(value >= 0n && at > 0n, name);
    }
    assert.equal(descriptors.size, stats.metricDescriptors().length);
  });

  test('no two metrics of a name have the same labels: prometheus would refuse all of them', async () => {
    for (const one of await stats.metrics(context)) {
      const metrics = [...one.metrics, ...one.containers.flatMap((each) => each.metrics)];
      const keys = metrics.map(({ name, labelValues }) => `${name}{${labelValues.join()}}`);
      assert.equal(new Set(keys).size, keys.length);
    }
  });

  test('metrics of a container have the values of cAdvisor', async () => {
    const [first] = await stats.metrics(context);
    const metrics = first!.containers[0]!.metrics;
    const values = (name: string) =>
      metrics.filter((one) => one.name === `container_${name}`).map(({ value }) => value);
    assert.deepEqual(values('cpu_usage_seconds_total'), [5n]);
    assert.deepEqual(values('memory_working_set_bytes'), [6144n]);
    assert.deepEqual(values('memory_max_usage_bytes'), [16_384n]);
    assert.deepEqual(values('memory_failures_total'), [11n, 11n, 3n, 3n]);
    assert.deepEqual(values('oom_events_total'), [1n]);
    assert.deepEqual(values('fs_usage_bytes'), [12_288n]);
    assert.deepEqual(values('fs_writes_bytes_total'), [20n]);
    assert.deepEqual(values('pressure_cpu_waiting_seconds_total'), [3n]);
    assert.deepEqual(values('spec_cpu_period'), [100_000n]);
    assert.deepEqual(values('spec_memory_swap_limit_bytes'), [0n]);
    assert.deepEqual(values('start_time_seconds'), [1_700_000_000n]);
    assert.deepEqual(labelsOf(metrics[0]!), ['runs', 'app', 'app@sha256:1', 'shop', 'web', 'app']);
    assert.deepEqual(labelsOf(first!.metrics[0]!), ['pod1', 'web', '', 'shop', 'web', 'POD']);
  });
});

function labelsOf({ labelValues }: Metric): string[] {
  return labelValues.slice(0, 6);
}
