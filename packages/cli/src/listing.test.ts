import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ContainerState,
  ContainerStats,
  ContainerSummary,
  ImageSummary,
  PodSummary,
} from '@berth/wire/native/api';
import { explanationText } from './command/explain.ts';
import { containerRow, statusText } from './container-row.ts';
import { imageRows, matchesImage, splitName } from './image-row.ts';
import { podRow } from './pod-row.ts';
import { cpuShare, statsRow } from './stats-row.ts';

const now = Date.parse('2026-11-21T10:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

function state(fields: Partial<ContainerState>): ContainerState {
  return {
    status: 'created',
    pid: 0,
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: '',
    finishedAt: '',
    ...fields,
  };
}

test('a status reads as docker prints it', () => {
  assert.equal(statusText(state({}), now), 'Created');
  assert.equal(statusText(state({ status: 'running', startedAt: ago(3) }), now), 'Up 3 seconds');
  assert.equal(statusText(state({ status: 'paused', startedAt: ago(120) }), now), 'Up 2 minutes (Paused)');
  assert.equal(
    statusText(state({ status: 'exited', exitCode: 137, finishedAt: ago(300) }), now),
    'Exited (137) 5 minutes ago',
  );
  assert.equal(statusText(state({ status: 'exited', exitCode: 127 }), now), 'Created');
});

const container: ContainerSummary = {
  id: 'a'.repeat(64),
  name: 'web',
  image: 'busybox',
  imageId: `sha256:${'b'.repeat(64)}`,
  command: 'sh -c "sleep 1000"',
  createdAt: ago(61),
  status: 'running',
  state: state({ status: 'running', startedAt: ago(60) }),
  labels: { a: 'b', c: '' },
  namespace: 'default',
};

test('a container’s row is short unless it must not be', () => {
  const row = containerRow(container, { now, truncate: true });
  assert.equal(row['ID'], 'a'.repeat(12));
  assert.equal(row['Command'], '"sh -c \\"sleep 1000\\""');
  assert.equal(row['RunningFor'], 'About a minute ago');
  assert.equal(row['Labels'], 'a=b,c=');
  const long = containerRow({ ...container, command: 'x'.repeat(30) }, { now, truncate: true });
  assert.equal(long['Command'], `"${'x'.repeat(19)}…"`);
  assert.equal(containerRow(container, { now, truncate: false })['ID'], container.id);
});

test('a container of a pod is shown with it, and a pod that is just going by its id', () => {
  const pod = { id: 'd'.repeat(64), name: 'web', namespace: 'shop' };
  const row = containerRow({ ...container, namespace: 'k8s.io', pod }, { now, truncate: true });
  assert.deepEqual([row['Pod'], row['PodID'], row['Namespace']], ['shop/web', 'd'.repeat(12), 'k8s.io']);
  const going = { ...pod, name: '', namespace: '' };
  assert.equal(containerRow({ ...container, pod: going }, { now, truncate: false })['Pod'], 'd'.repeat(12));
  assert.equal(containerRow(container, { now, truncate: true })['Pod'], '');
});

test('a pod’s row has its state, its address, and how many of its containers run', () => {
  const pod: PodSummary = {
    id: 'e'.repeat(64),
    name: 'web',
    namespace: 'shop',
    uid: 'u',
    attempt: 2,
    createdAt: ago(61),
    status: 'not_ready',
    addresses: ['10.0.0.2', 'fd00::2'],
    runtime: '',
    labels: { app: 'web' },
    containers: 3,
    running: 1,
  };
  const row = podRow(pod, { now, truncate: true });
  assert.deepEqual([row['Status'], row['Containers'], row['IP']], ['NotReady', '1/3', '10.0.0.2']);
  assert.deepEqual([row['IPs'], row['Labels'], row['ID']], ['10.0.0.2,fd00::2', 'app=web', 'e'.repeat(12)]);
});

const image: ImageSummary = {
  id: `sha256:${'c'.repeat(64)}`,
  names: ['busybox:latest', 'host:5000/a/b:1.0'],
  mediaType: '',
  createdAt: ago(7200),
  size: 4_268_000,
  contentSize: 1,
  platforms: [],
  containers: 0,
};

test('an image has a row for each name', () => {
  const rows = imageRows(image, { now, truncate: true });
  assert.deepEqual(
    rows.map(({ Repository, Tag, Size }) => [Repository, Tag, Size]),
    [
      ['busybox', 'latest', '4.27MB'],
      ['host:5000/a/b', '1.0', '4.27MB'],
    ],
  );
  assert.equal(imageRows({ ...image, names: [] }, { now, truncate: true })[0]?.Repository, '<none>');
});

test('a port is not a tag', () => {
  assert.deepEqual(splitName('host:5000/app'), { repository: 'host:5000/app', tag: '<none>' });
  assert.deepEqual(splitName('app@sha256:00'), { repository: 'app', tag: '<none>' });
});

test('image filters match names by pattern', () => {
  const [row] = imageRows(image, { now, truncate: true });
  assert.ok(row);
  for (const [filter, matches] of [
    ['reference=busybox', true],
    ['reference=busy*:latest', true],
    ['reference=busybox:1', false],
    ['reference=b', false],
    ['dangling=true', false],
    ['dangling=false', true],
  ] as const) {
    assert.equal(matchesImage(row, [filter]), matches, filter);
  }
  assert.throws(() => matchesImage(row, ['nope=1']));
});

const stats: ContainerStats = {
  id: 'a'.repeat(64),
  name: 'web',
  readAt: ago(1),
  cpuUsage: 1e9,
  throttledPeriods: 0,
  memoryUsage: 1 << 20,
  memoryLimit: 4 << 20,
  networkRx: 1200,
  networkTx: 0,
  blockRead: 0,
  blockWrite: 4096,
  pids: 3,
  onlineCpus: 2,
};

test('a use of CPU is a difference, and one full core is 100 %', () => {
  const later = { ...stats, readAt: ago(0), cpuUsage: 1.5e9 };
  assert.equal(cpuShare(stats, later), 0.5);
  assert.equal(cpuShare(later, stats), 0);
  const row = statsRow(later, { before: stats, truncate: true });
  assert.deepEqual(Object.values(row), [
    'web',
    'a'.repeat(12),
    'web',
    '50.00%',
    '1MiB / 4MiB',
    '25.00%',
    '1.2kB / 0B',
    '0B / 4.1kB',
    '3',
  ]);
  assert.equal(statsRow(stats, { before: undefined, truncate: true })['CPUPerc'], '--');
});

test('an explanation marks the step that failed', () => {
  const text = explanationText({
    id: 'web',
    runtime: 'berth',
    hasOwnPlan: true,
    startedAt: '',
    total: 2_000_000,
    failed: { record: 1, errno: 'EINVAL', message: 'mount overlay on /: EINVAL', hint: 'try again' },
    steps: [
      { index: 0, track: 'host', text: 'join the cgroup', ran: true, took: 1000 },
      { index: 1, track: 'container', text: 'mount overlay on /', ran: true, took: 5000, errno: 'EINVAL' },
      { index: 2, track: 'container', text: 'execve sh', ran: false, took: 0 },
    ],
  });
  assert.match(text, /^-> +1 +container +5\.00µs +mount overlay on \/ {2}FAILED: EINVAL$/m);
  assert.match(text, /execve sh {2}\(not run\)/);
  assert.match(text, /failed at step 1: .*\nhint: try again\n$/);
});
