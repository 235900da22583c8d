import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { deviceWrites } from './device-rule.ts';
import type { CgroupLayout } from './layout.ts';
import { limitWrites } from './limit.ts';
import { attachRecords, cgroupRecords } from './records.ts';
import { ioWeightOf, weightOfShares } from './weight.ts';

const v1: CgroupLayout = {
  version: 1,
  hierarchies: ['cpu', 'cpuset', 'memory', 'pids', 'devices'].map((name) => ({
    mountPoint: `/c/${name}`,
    controllers: [name],
  })),
  controllers: [],
  cpuset: { path: '/pods', cpus: '0-3', mems: '0' },
};
const v2: CgroupLayout = { version: 2, hierarchies: [], unified: '/c', controllers: ['memory', 'pids'] };

const lines = (layout: CgroupLayout, resources: Parameters<typeof limitWrites>[2]) =>
  limitWrites(layout, '/x', resources).map(({ path, data, soft }) => `${path} ${data}${soft ? ' soft' : ''}`);

describe('limits', () => {
  test('v1: memory before memory plus swap, the period before the quota', () => {
    const memory = { limit: 100, swap: 200, reservation: 50 };
    assert.deepEqual(lines(v1, { memory, cpu: { quota: 5, period: 10 } }), [
      '/c/memory/x/memory.limit_in_bytes 100',
      '/c/memory/x/memory.memsw.limit_in_bytes 200 soft',
      '/c/memory/x/memory.soft_limit_in_bytes 50',
      '/c/cpu/x/cpu.cfs_period_us 10',
      '/c/cpu/x/cpu.cfs_quota_us 5',
    ]);
  });

  test('v2: swap is counted alone, and no quota is max', () => {
    assert.deepEqual(
      lines(v2, { memory: { limit: 100, swap: 150 }, cpu: { quota: -1, period: 10 }, pids: { limit: -1 } }),
      ['/c/x/memory.max 100', '/c/x/memory.swap.max 50 soft', '/c/x/cpu.max max 10', '/c/x/pids.max max'],
    );
    assert.deepEqual(lines(v2, { memory: { limit: -1, swap: -1 } }), [
      '/c/x/memory.max max',
      '/c/x/memory.swap.max max soft',
    ]);
    assert.throws(() => limitWrites(v2, '/x', { memory: { swap: 5 } }), { kind: 'invalid_argument' });
  });

  test('shares become a weight within its bounds, in order', () => {
    assert.deepEqual([2, 1024, 262_144].map(weightOfShares), [1, 100, 10_000]);
    assert.deepEqual([10, 500, 1000].map(ioWeightOf), [1, 4950, 10_000]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 20 }), fc.nat(1000), (value, more) => {
        const weight = weightOfShares(value);
        assert.ok(weight >= 1 && weight <= 10_000 && weightOfShares(value + more) >= weight);
      }),
    );
  });

  test('new v1 cpusets are filled from the nearest known one down, the parents too', () => {
    const writes = cgroupRecords(v1, '/pods/a/b', undefined).filter(
      (one) => one.kind === 'write_file' && String(one.path).includes('/cpuset/'),
    );
    assert.deepEqual(
      writes.map((one) => one.kind === 'write_file' && `${String(one.path)} ${String(one.data)}`),
      [
        '/c/cpuset/pods/a/cpuset.cpus 0-3',
        '/c/cpuset/pods/a/cpuset.mems 0',
        '/c/cpuset/pods/a/b/cpuset.cpus 0-3',
        '/c/cpuset/pods/a/b/cpuset.mems 0',
      ],
    );
  });

  test('v2 passes only the controllers that there are, and attaches by clone3', () => {
    const writes = cgroupRecords(v2, '/a/b', undefined).filter(({ kind }) => kind === 'write_file');
    assert.deepEqual(
      writes.map((one) => one.kind === 'write_file' && [one.path, one.data, one.soft]),
      [
        ['/c/cgroup.subtree_control', '+memory +pids', true],
        ['/c/a/cgroup.subtree_control', '+memory +pids', true],
      ],
    );
    assert.deepEqual(attachRecords(v2, '/a/b'), []);
    assert.equal(attachRecords(v1, '/a/b').length, 5);
  });

  test('the root is no container cgroup', () => {
    for (const path of ['/', 'a', '/a/../b']) {
      assert.throws(() => cgroupRecords(v1, path, undefined), { kind: 'invalid_argument' });
    }
  });
});

describe('device rules', () => {
  const deny = { allow: false, access: 'rwm' };

  test('deny all first, then what is allowed, once each', () => {
    const rules = deviceWrites('/d', [deny, { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' }]);
    assert.deepEqual([rules[0]?.path, rules[0]?.data], ['/d/devices.deny', 'a']);
    assert.equal(rules.filter(({ data }) => data === 'c 1:3 rwm').length, 1);
  });

  test('a container that may use all devices gets no further rules', () => {
    const writes = deviceWrites('/d', [{ allow: true, access: 'rwm' }]);
    assert.deepEqual(
      writes.map(({ path, data }) => [path, data]),
      [['/d/devices.allow', 'a']],
    );
  });

  test('all but one device', () => {
    const writes = deviceWrites('/d', [{ allow: true }, { allow: false, type: 'b', major: 8, access: 'w' }]);
    assert.deepEqual(
      writes.map(({ path, data }) => [path, data]),
      [
        ['/d/devices.allow', 'a'],
        ['/d/devices.deny', 'b 8:* w'],
      ],
    );
  });

  test('what no rule speaks of is denied', () => {
    assert.equal(deviceWrites('/d', [])[0]?.path, '/d/devices.deny');
    assert.equal(deviceWrites('/d', [{ allow: true, type: 'c', major: 4, minor: 5 }])[0]?.data, 'a');
  });

  test('letters and numbers that the kernel does not know are refused', () => {
    for (const rule of [{ access: 'x' }, { major: -2 }, { minor: 2 ** 32 }, { major: 1.5 }]) {
      assert.throws(() => deviceWrites('/d', [deny, { allow: true, type: 'c', ...rule }]), {
        kind: 'invalid_argument',
        message: /linux\.resources\.devices\[1\]/,
      });
    }
  });

  test('a hole in a wider rule, which the kernel would pass over, is refused', () => {
    const wide = { allow: true, type: 'c', major: 4, access: 'rw' } as const;
    const hole = { allow: false, type: 'c', major: 4, minor: 1 } as const;
    assert.throws(() => deviceWrites('/d', [deny, wide, hole]), { kind: 'invalid_argument' });
    assert.doesNotThrow(() => deviceWrites('/d', [deny, wide, { ...hole, access: 'm' }]));
    assert.doesNotThrow(() => deviceWrites('/d', [deny, wide, deny, hole]));
  });
});
