import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { eventLine, readEventStats, readNetworkInterfaces } from './event-stats.ts';
import type { CgroupLayout } from './layout.ts';
import { oomKills } from './oom-watch.ts';

let base: string;
/** Hooks of a file alone would run for every test of the process. */
function useFolder(): void {
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));
}

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  }
}

const v1Layout = (): CgroupLayout => ({
  version: 1,
  hierarchies: ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'blkio', 'hugetlb', 'rdma'].map((name) => ({
    mountPoint: join(base, name),
    controllers: [name],
  })),
  controllers: [],
});
const v2Layout = (): CgroupLayout => ({ version: 2, hierarchies: [], unified: base, controllers: ['memory'] });

// The files of a container here, with tables of blkio, hugetlb and rdma as the kernel's documents show them.
const v1Files = {
  'cpu/c/cpu.stat': 'nr_periods 9\nnr_throttled 2\nthrottled_time 7\n',
  'cpuacct/c/cpuacct.usage': '9007199254740993\n',
  'cpuacct/c/cpuacct.usage_user': '36000000\n',
  'cpuacct/c/cpuacct.usage_sys': '8000000\n',
  'cpuacct/c/cpuacct.usage_percpu': '5 6 \n',
  'cpuacct/c/cpuacct.usage_all': 'cpu user system\n0 3 2\n1 4 2\n',
  'cpuset/c/cpuset.cpus': '0-1,4\n',
  'cpuset/c/cpuset.mems': '0\n',
  'cpuset/c/cpuset.sched_relax_domain_level': '-1\n',
  'memory/c/memory.stat': 'cache 4096\nrss 8192\ntotal_cache 4096\n',
  'memory/c/memory.usage_in_bytes': '12288\n',
  'memory/c/memory.max_usage_in_bytes': '20480\n',
  'memory/c/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/c/memory.failcnt': '3\n',
  'memory/c/memory.kmem.usage_in_bytes': '100\n',
  'pids/c/pids.current': '2\n',
  'pids/c/pids.max': 'max\n',
  'blkio/c/blkio.io_service_bytes_recursive': '8:0 Read 1282048\n8:0 Write 0\n8:0 Total 1282048\nTotal 1282048\n',
  'blkio/c/blkio.throttle.io_service_bytes_recursive': '8:0 Read 5\nTotal 5\n',
  'blkio/c/blkio.time_recursive': '8:0 77\n',
  'hugetlb/c/hugetlb.2MB.limit_in_bytes': '1\n',
  'hugetlb/c/hugetlb.2MB.usage_in_bytes': '1\n',
  'hugetlb/c/hugetlb.2MB.rsvd.usage_in_bytes': '2097152\n',
  'hugetlb/c/hugetlb.2MB.rsvd.max_usage_in_bytes': '4194304\n',
  'hugetlb/c/hugetlb.2MB.rsvd.failcnt': '1\n',
  'rdma/c/rdma.max': 'mlx4_0 hca_handle=2 hca_object=max\n',
  'rdma/c/rdma.current': 'mlx4_0 hca_handle=1 hca_object=20\n',
};

// As the kernel's documents show them.
const v2Files = {
  'c/cpu.stat': 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 9\nnr_throttled 2\nthrottled_usec 7\n',
  'c/cpu.pressure':
    'some avg10=1.50 avg60=0.12 avg300=0.05 total=123\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=45\n',
  'c/memory.current': '4096\n',
  'c/memory.max': '8192\n',
  'c/memory.peak': '5000\n',
  'c/memory.swap.current': '100\n',
  'c/memory.swap.max': 'max\n',
  'c/memory.swap.events': 'high 0\nmax 2\nfail 0\n',
  'c/memory.events': 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n',
  'c/memory.stat': 'anon 1024\nfile 2048\nkernel 300\nsock 10\n',
  'c/pids.current': '4\n',
  'c/pids.max': '100\n',
  'c/io.stat': '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n',
  'c/hugetlb.2MB.max': 'max\n',
  'c/hugetlb.2MB.current': '2097152\n',
  'c/hugetlb.2MB.events': 'max 4\n',
};

describe('the statistics of events', () => {
  useFolder();
  test('v1', async () => {
    put(v1Files);
    const stats = await readEventStats(v1Layout(), '/c');
    assert.deepEqual(stats.cpu.usage, {
      total: 9007199254740993n,
      percpu: [5n, 6n],
      percpu_kernel: [2n, 2n],
      percpu_user: [3n, 4n],
      kernel: 8000000n,
      user: 36000000n,
    });
    assert.deepEqual(stats.cpu.throttling, { periods: 9n, throttledPeriods: 2n, throttledTime: 7n });
    assert.deepEqual([stats.cpuset?.cpus, stats.cpuset?.sched_relax_domain_level], [[0, 1, 4], -1n]);
    assert.deepEqual(stats.memory.usage, { limit: 9223372036854771712n, usage: 12288n, max: 20480n, failcnt: 3n });
    assert.deepEqual([stats.memory.cache, stats.memory.kernel.usage, stats.memory.swap.usage], [4096n, 100n, 0n]);
    assert.deepEqual(stats.memory.raw, { cache: 4096n, rss: 8192n, total_cache: 4096n });
    assert.deepEqual(stats.pids, { current: 2n, limit: 0n });
    assert.deepEqual(stats.blkio.ioServiceBytesRecursive?.[0], { major: 8n, minor: 0n, op: 'Read', value: 1282048n });
    assert.equal(stats.blkio.ioServiceBytesRecursive?.length, 3);
    assert.deepEqual(stats.blkio.ioTimeRecursive, [{ major: 8n, minor: 0n, value: 77n }]);
    assert.deepEqual(stats.hugetlb, { '2MB': { usage: 2097152n, max: 4194304n, failcnt: 1n } });
    assert.deepEqual(stats.rdma?.limit, [{ device: 'mlx4_0', hca_handles: 2n, hca_objects: 2n ** 32n - 1n }]);
  });

  test('v2', async () => {
    put(v2Files);
    const stats = await readEventStats(v2Layout(), '/c');
    assert.equal(stats.cpu.usage.total, 1_500_000n);
    assert.deepEqual(stats.cpu.psi?.some, { avg10: 1.5, avg60: 0.12, avg300: 0.05, total: 123n });
    assert.deepEqual(stats.memory.usage, { limit: 8192n, usage: 4096n, max: 5000n, failcnt: 3n });
    assert.deepEqual(stats.memory.swap, { limit: 2n ** 64n - 1n, usage: 4196n, max: 0n, failcnt: 2n });
    assert.deepEqual(stats.pids, { current: 4n, limit: 100n });
    assert.deepEqual(
      stats.blkio.ioServicedRecursive?.map(({ op, value }) => [op, value]),
      [
        ['Read', 1n],
        ['Write', 2n],
        ['Discard', 0n],
      ],
    );
    assert.deepEqual(stats.hugetlb, { '2MB': { usage: 2097152n, max: 0n, failcnt: 4n } });
    assert.equal(stats.memory.psi, undefined);
  });

  test('a cgroup that is gone has zeros', async () => {
    for (const layout of [v1Layout(), v2Layout()]) {
      const stats = await readEventStats(layout, '/gone');
      assert.deepEqual([stats.cpu.usage.total, stats.memory.usage.usage, stats.hugetlb], [0n, 0n, {}]);
    }
  });

  test('a line has whole numbers to the last digit', () => {
    assert.equal(
      eventLine('stats', 'c', { limit: 2n ** 64n - 1n, network_interfaces: null }),
      '{"type":"stats","id":"c","data":{"limit":18446744073709551615,"network_interfaces":null}}',
    );
    assert.equal(eventLine('oom', 'c'), '{"type":"oom","id":"c"}');
  });

  test('network interfaces but the loopback', () => {
    put({
      dev: `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:   3000      30    0    0    0     0          0         0     3000      30    0    0    0     0       0          0
  eth0: 1234567   1000    1    2    0     0          0         0   765432     900    3    4    0     0       0          0
`,
    });
    const [eth0, ...more] = readNetworkInterfaces(1, join(base, 'dev'));
    assert.deepEqual(more, []);
    assert.deepEqual(
      [eth0?.Name, eth0?.RxBytes, eth0?.RxDropped, eth0?.TxBytes, eth0?.TxErrors],
      ['eth0', 1234567n, 2n, 765432n, 3n],
    );
  });
});

describe('kills for want of memory', () => {
  useFolder();
  for (const [version, file] of [
    [1, 'memory/c/memory.oom_control'],
    [2, 'c/memory.events'],
  ] as const) {
    test(`are told on v${version}, each once, until the cgroup goes`, async () => {
      put({ [file]: 'oom_kill 1\n' });
      const seen: number[] = [];
      setTimeout(() => put({ [file]: 'oom_kill 2\n' }), 30);
      const layout = version === 1 ? v1Layout() : v2Layout();
      for await (const count of oomKills(layout, '/c', AbortSignal.timeout(5000))) {
        seen.push(count);
        rmSync(dirname(join(base, file)), { recursive: true });
      }
      assert.deepEqual(seen, [2]);
    });
  }

  test('the watch ends when nobody wants it', async () => {
    put({ 'c/memory.events': 'oom_kill 1\n' });
    for await (const count of oomKills(v2Layout(), '/c', AbortSignal.timeout(50))) assert.fail(`${count}`);
  });
});
