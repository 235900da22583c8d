import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ResourcesSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from './layout.ts';
import { fieldOfWrite, limitWrites } from './limit.ts';
import { cgroupRecords } from './records.ts';

const controllers = ['cpu', 'cpuset', 'memory', 'pids', 'blkio', 'hugetlb', 'net_cls', 'net_prio', 'rdma'];
const v1: CgroupLayout = {
  version: 1,
  hierarchies: controllers.map((name) => ({ mountPoint: `/c/${name}`, controllers: [name] })),
  controllers: [],
};
const v2: CgroupLayout = { version: 2, hierarchies: [], unified: '/c', controllers: ['cpu', 'io', 'hugetlb'] };

const files = (layout: CgroupLayout, resources: ResourcesSpec) =>
  limitWrites(layout, '/x', resources).map(
    ({ path, data, soft }) => `${path.slice(path.lastIndexOf('/') + 1)} ${data}${soft ? ' soft' : ''}`,
  );
const bad = (layout: CgroupLayout, resources: ResourcesSpec, field: string) =>
  assert.throws(
    () => limitWrites(layout, '/x', resources),
    (error: Error & { kind?: string }) =>
      error.kind === 'invalid_argument' && error.message.startsWith(`linux.resources.${field}:`),
    field,
  );

const device = { major: 8, minor: 0 };
const blockIO = {
  weight: 500,
  weightDevice: [{ ...device, weight: 100, leafWeight: 20 }],
  throttleReadBpsDevice: [{ ...device, rate: 2n ** 60n }],
  throttleWriteIOPSDevice: [{ ...device, rate: 0 }],
};

describe('the files of limits', () => {
  test('memory on v1, all of it', () => {
    const memory = {
      limit: 2n ** 40n,
      swap: -1,
      reservation: 7,
      kernel: 5,
      kernelTCP: 6,
      swappiness: 0,
      disableOOMKiller: true,
      useHierarchy: true,
    };
    assert.deepEqual(files(v1, { memory }), [
      'memory.use_hierarchy 1 soft',
      'memory.limit_in_bytes 1099511627776',
      'memory.memsw.limit_in_bytes -1 soft',
      'memory.soft_limit_in_bytes 7',
      'memory.kmem.limit_in_bytes 5 soft',
      'memory.kmem.tcp.limit_in_bytes 6 soft',
      'memory.oom_control 1',
      'memory.swappiness 0',
    ]);
    assert.deepEqual(files(v1, { memory: { limit: -1, swappiness: -1 } }), [
      'memory.limit_in_bytes -1',
      'memory.memsw.limit_in_bytes -1 soft',
    ]);
  });

  test('memory on v2: swap alone, also of sizes beyond 2^53', () => {
    assert.deepEqual(files(v2, { memory: { limit: 2n ** 60n, swap: 2n ** 60n + 1n, kernel: 5, swappiness: 3 } }), [
      'memory.max 1152921504606846976',
      'memory.swap.max 1 soft',
    ]);
    assert.deepEqual(files(v2, { memory: { limit: -1, swap: 9 } }), ['memory.max max', 'memory.swap.max 9 soft']);
    assert.deepEqual(files(v2, { memory: { limit: 9, swap: 9 } }), ['memory.max 9', 'memory.swap.max 0 soft']);
  });

  test('processor time', () => {
    const cpu = { shares: 512, quota: 5, period: 10, burst: 0, idle: 0 };
    assert.deepEqual(files(v1, { cpu: { ...cpu, realtimePeriod: 100, realtimeRuntime: 50 } }), [
      'cpu.shares 512',
      'cpu.cfs_period_us 10',
      'cpu.cfs_quota_us 5',
      'cpu.cfs_burst_us 0',
      'cpu.idle 0',
      'cpu.rt_period_us 100',
      'cpu.rt_runtime_us 50',
    ]);
    assert.deepEqual(files(v2, { cpu }), ['cpu.idle 0', 'cpu.weight 59', 'cpu.max 5 10', 'cpu.max.burst 0']);
    assert.deepEqual(files(v2, { cpu: { shares: 512, idle: 1, quota: 7 } }), ['cpu.idle 1', 'cpu.max 7']);
  });

  test('pids: 0 is a limit, -1 is none', () => {
    for (const layout of [v1, v2]) {
      assert.deepEqual(files(layout, { pids: { limit: 0 } }), ['pids.max 0']);
      assert.deepEqual(files(layout, { pids: { limit: -1 } }), ['pids.max max']);
    }
  });

  test('block devices', () => {
    assert.deepEqual(files(v1, { blockIO: { ...blockIO, leafWeight: 30 } }), [
      'blkio.weight 500',
      'blkio.leaf_weight 30',
      'blkio.weight_device 8:0 100',
      'blkio.leaf_weight_device 8:0 20',
      'blkio.throttle.read_bps_device 8:0 1152921504606846976',
      'blkio.throttle.write_iops_device 8:0 0',
    ]);
    assert.equal(files({ ...v1, features: { bfq: true } }, { blockIO })[0], 'blkio.bfq.weight 500');
    assert.deepEqual(files(v2, { blockIO }), [
      'io.weight 4950',
      'io.weight 8:0 910',
      'io.max 8:0 rbps=1152921504606846976',
      'io.max 8:0 wiops=max',
    ]);
    assert.deepEqual(files({ ...v2, features: { bfq: true } }, { blockIO }).slice(0, 2), [
      'io.bfq.weight 500',
      'io.bfq.weight 8:0 100',
    ]);
  });

  test('huge pages, with what is reserved where the kernel counts it', () => {
    const hugepageLimits = [{ pageSize: '2MB', limit: 4n }];
    assert.deepEqual(files(v1, { hugepageLimits }), [
      'hugetlb.2MB.limit_in_bytes 4',
      'hugetlb.2MB.rsvd.limit_in_bytes 4 soft',
    ]);
    assert.deepEqual(files(v2, { hugepageLimits }), ['hugetlb.2MB.max 4', 'hugetlb.2MB.rsvd.max 4 soft']);
  });

  test('network and rdma', () => {
    const network = { classID: 1048577, priorities: [{ name: 'eth0', priority: 5 }] };
    const rdma = { mlx4_0: { hcaHandles: 2, hcaObjects: 2000 }, mlx4_1: { hcaObjects: 1 } };
    assert.deepEqual(files(v1, { network, rdma }), [
      'net_cls.classid 1048577',
      'net_prio.ifpriomap eth0 5',
      'rdma.max mlx4_0 hca_handle=2 hca_object=2000',
      'rdma.max mlx4_1 hca_object=1',
    ]);
    assert.deepEqual(files(v2, { rdma }).length, 2);
  });

  test('files by name come last, line by line', () => {
    const unified = { 'memory.high': '77\n', 'io.max': '8:0 rbps=1\n8:16 wbps=2' };
    assert.deepEqual(files(v2, { unified, pids: { limit: 5 } }), [
      'pids.max 5',
      'memory.high 77',
      'io.max 8:0 rbps=1',
      'io.max 8:16 wbps=2',
    ]);
  });

  test('a limit whose controller is missing keeps its file, so that it fails by name', () => {
    const [write] = limitWrites({ ...v1, hierarchies: [] }, '/x', { pids: { limit: 5 } });
    assert.equal(write?.path, '/sys/fs/cgroup/pids/x/pids.max');
  });

  test('every write says which field asks for it', () => {
    const writes = limitWrites(v2, '/x', { blockIO, unified: { 'memory.high': '1' }, memory: { limit: 5 } });
    assert.ok(writes.every(({ field }) => field?.startsWith('linux.resources.')));
    assert.equal(fieldOfWrite(writes, '/c/x/memory.max'), 'linux.resources.memory.limit');
    assert.equal(fieldOfWrite(writes, '/c/x/memory.high'), 'linux.resources.unified["memory.high"]');
    assert.equal(fieldOfWrite(writes, '/c/x/io.weight', '8:0 910'), 'linux.resources.blockIO.weightDevice[0].weight');
    assert.equal(fieldOfWrite(writes, '/c/x/other'), undefined);
  });

  test('a controller that a limit needs is passed on', () => {
    const data = (resources: ResourcesSpec) =>
      cgroupRecords(v2, '/a/b', resources).find((one) => one.kind === 'write_file')?.data;
    assert.equal(data({}), '+cpu +io');
    assert.equal(data({ hugepageLimits: [{ pageSize: '2MB', limit: 1 }] }), '+cpu +io +hugetlb');
    assert.equal(data({ unified: { 'hugetlb.1GB.max': '0', 'misc.max': 'x 1' } }), '+cpu +io +hugetlb');
  });
});

describe('limits that are refused', () => {
  test('on both versions', () => {
    for (const layout of [v1, v2]) {
      bad(layout, { memory: { limit: 1.5 } }, 'memory.limit');
      bad(layout, { memory: { limit: -2n } }, 'memory.limit');
      bad(layout, { memory: { limit: 10, swap: 9 } }, 'memory.swap');
      bad(layout, { memory: { swappiness: 101 } }, 'memory.swappiness');
      bad(layout, { cpu: { quota: -5 } }, 'cpu.quota');
      bad(layout, { blockIO: { weight: 5 } }, 'blockIO.weight');
      bad(layout, { blockIO: { weightDevice: [{ ...device, weight: 1001 }] } }, 'blockIO.weightDevice[0].weight');
      bad(
        layout,
        { blockIO: { throttleReadBpsDevice: [{ ...device, rate: -1n }] } },
        'blockIO.throttleReadBpsDevice[0].rate',
      );
      bad(layout, { hugepageLimits: [{ pageSize: '../x', limit: 1 }] }, 'hugepageLimits[0].pageSize');
      bad(layout, { hugepageLimits: [{ pageSize: '2MB', limit: -1 }] }, 'hugepageLimits[0].limit');
      bad(layout, { rdma: { 'a b': {} } }, 'rdma.a b');
      bad(layout, { rdma: { mlx: { hcaHandles: 0.5 } } }, 'rdma.mlx.hcaHandles');
    }
  });

  test('on v1: what only v2 has, and shares that the kernel would change', () => {
    bad(v1, { unified: { 'memory.high': '1' } }, 'unified["memory.high"]');
    bad(v1, { cpu: { shares: 1 } }, 'cpu.shares');
    bad(v1, { network: { priorities: [{ name: 'a b', priority: 1 }] } }, 'network.priorities[0].name');
  });

  test('on v2: what only v1 has, and files of the runtime itself', () => {
    bad(v2, { network: { classID: 1 } }, 'network.classID');
    bad(v2, { network: { priorities: [{ name: 'a', priority: 1 }] } }, 'network.priorities');
    bad(v2, { cpu: { realtimeRuntime: 1 } }, 'cpu.realtimeRuntime');
    bad(v2, { memory: { swap: 5 } }, 'memory.swap');
    for (const file of ['cgroup.procs', '../x', 'memory', 'a/b.c', '']) {
      bad(v2, { unified: { [file]: '1' } }, `unified["${file}"]`);
    }
  });
});
