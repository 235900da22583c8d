import { strict as assert } from 'node:assert';
import { readCgroup } from '../suite/cgroups.ts';
import type { Case } from '../suite/case.ts';
import type { Spec } from '../suite/spec.ts';

const megabyte = 1 << 20;

/** What a setting writes: the file of a v1 controller and its value. */
interface Setting {
  readonly name: string;
  readonly set: (resources: Spec['linux']['resources']) => void;
  readonly files: Readonly<Record<string, string>>;
}

const settings: readonly Setting[] = [
  {
    name: 'memory.limit',
    set: (resources) => (resources.memory = { limit: 64 * megabyte }),
    files: { 'memory/memory.limit_in_bytes': String(64 * megabyte) },
  },
  {
    name: 'memory.reservation',
    set: (resources) => (resources.memory = { reservation: 32 * megabyte }),
    files: { 'memory/memory.soft_limit_in_bytes': String(32 * megabyte) },
  },
  {
    name: 'memory.swappiness',
    set: (resources) => (resources.memory = { swappiness: 17 }),
    files: { 'memory/memory.swappiness': '17' },
  },
  {
    name: 'a memory limit of -1 is none',
    set: (resources) => (resources.memory = { limit: -1 }),
    files: { 'memory/memory.limit_in_bytes': '9223372036854771712' },
  },
  { name: 'cpu.shares', set: (resources) => (resources.cpu = { shares: 333 }), files: { 'cpu/cpu.shares': '333' } },
  {
    name: 'cpu.quota and cpu.period',
    set: (resources) => (resources.cpu = { quota: 20_000, period: 50_000 }),
    files: { 'cpu/cpu.cfs_quota_us': '20000', 'cpu/cpu.cfs_period_us': '50000' },
  },
  {
    name: 'cpu.burst',
    set: (resources) => (resources.cpu = { quota: 20_000, period: 50_000, burst: 10_000 }),
    files: { 'cpu/cpu.cfs_burst_us': '10000' },
  },
  { name: 'cpu.idle', set: (resources) => (resources.cpu = { idle: 1 }), files: { 'cpu/cpu.idle': '1' } },
  {
    name: 'cpu.cpus and cpu.mems',
    set: (resources) => (resources.cpu = { cpus: '0', mems: '0' }),
    files: { 'cpuset/cpuset.cpus': '0', 'cpuset/cpuset.mems': '0' },
  },
  { name: 'pids.limit', set: (resources) => (resources.pids = { limit: 42 }), files: { 'pids/pids.max': '42' } },
  {
    name: 'a pids limit of -1 is none',
    set: (resources) => (resources.pids = { limit: -1 }),
    files: { 'pids/pids.max': 'max' },
  },
  {
    name: 'blockIO throttles',
    set: (resources) =>
      (resources.blockIO = {
        throttleReadBpsDevice: [{ major: 254, minor: 0, rate: 1_000_000 }],
        throttleWriteBpsDevice: [{ major: 254, minor: 0, rate: 2_000_000 }],
        throttleReadIOPSDevice: [{ major: 254, minor: 0, rate: 300 }],
        throttleWriteIOPSDevice: [{ major: 254, minor: 0, rate: 400 }],
      }),
    files: {
      'blkio/blkio.throttle.read_bps_device': '254:0 1000000',
      'blkio/blkio.throttle.write_bps_device': '254:0 2000000',
      'blkio/blkio.throttle.read_iops_device': '254:0 300',
      'blkio/blkio.throttle.write_iops_device': '254:0 400',
    },
  },
];

const written = settings.map(({ name, set, files }): Case => ({
  name,
  needs: name === 'blockIO throttles' ? ['cgroup v1', 'disk 254:0'] : ['cgroup v1'],
  ...(name === 'cpu.burst' || name === 'cpu.idle' ? { since: '1.2' as const } : {}),
  spec: (spec) => set(spec.linux.resources),
  run: async (box) => {
    await box.start();
    for (const [file, value] of Object.entries(files)) {
      const [controller = '', leaf = ''] = file.split('/');
      assert.equal(readCgroup(box.cgroup, controller, leaf), value, file);
    }
  },
}));

export const cases: readonly Case[] = [
  ...written,
  {
    name: 'what is not set is as a new cgroup has it',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start();
      assert.equal(readCgroup(box.cgroup, 'cpu', 'cpu.shares'), '1024');
      assert.equal(readCgroup(box.cgroup, 'pids', 'pids.max'), 'max');
      assert.notEqual(readCgroup(box.cgroup, 'cpuset', 'cpuset.cpus'), '');
    },
  },
  {
    name: 'the device list has the rules',
    needs: ['cgroup v1'],
    spec: (spec) =>
      (spec.linux.resources.devices = [
        { allow: false, access: 'rwm' },
        { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' },
        { allow: true, type: 'b', major: 7, access: 'r' },
      ]),
    run: async (box) => {
      await box.start();
      const list = readCgroup(box.cgroup, 'devices', 'devices.list').split('\n');
      assert.ok(
        list.some((line) => /^c 10:229 rwm?$/.test(line)),
        list.join(', '),
      );
      // Everybody may make devices by default.
      assert.ok(
        list.some((line) => /^b 7:\* rm?$/.test(line)),
        list.join(', '),
      );
      assert.ok(!list.includes('a *:* rwm'));
    },
  },
];
