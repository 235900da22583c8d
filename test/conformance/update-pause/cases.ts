import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { expectOk, until } from '../suite/box.ts';
import { cgroupFile, readCgroup } from '../suite/cgroups.ts';
import type { Case } from '../suite/case.ts';

const megabyte = 1 << 20;

/** A flag of update, and what it writes. */
const flags: readonly (readonly [
  flags: readonly string[],
  controller: string,
  file: string,
  value: string,
  since?: '1.2',
])[] = [
  [['--memory', String(64 * megabyte)], 'memory', 'memory.limit_in_bytes', String(64 * megabyte)],
  [['--memory-reservation', String(8 * megabyte)], 'memory', 'memory.soft_limit_in_bytes', String(8 * megabyte)],
  [['--cpu-share', '555'], 'cpu', 'cpu.shares', '555'],
  [['--cpu-quota', '30000', '--cpu-period', '60000'], 'cpu', 'cpu.cfs_quota_us', '30000'],
  [
    ['--cpu-quota', '30000', '--cpu-period', '60000', '--cpu-burst', '10000'],
    'cpu',
    'cpu.cfs_burst_us',
    '10000',
    '1.2',
  ],
  [['--cpu-idle', '1'], 'cpu', 'cpu.idle', '1', '1.2'],
  [['--cpuset-cpus', '0'], 'cpuset', 'cpuset.cpus', '0'],
  [['--cpuset-mems', '0'], 'cpuset', 'cpuset.mems', '0'],
  [['--pids-limit', '33'], 'pids', 'pids.max', '33'],
];

const byFlag = flags.map(([args, controller, file, value, since]): Case => ({
  name: `update ${args.filter((each) => each.startsWith('--')).join(' ')}`,
  needs: ['cgroup v1'],
  ...(since === undefined ? {} : { since }),
  run: async (box) => {
    await box.start();
    expectOk(await box.call(['update', ...args, box.id]));
    assert.equal(readCgroup(box.cgroup, controller, file), value);
  },
}));

export const cases: readonly Case[] = [
  ...byFlag,
  {
    name: 'update takes resources from its standard input',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start();
      const resources = { memory: { limit: 32 * megabyte }, cpu: { shares: 222 }, pids: { limit: 11 } };
      expectOk(await box.call(['update', '--resources', '-', box.id], { input: JSON.stringify(resources) }));
      assert.equal(readCgroup(box.cgroup, 'memory', 'memory.limit_in_bytes'), String(32 * megabyte));
      assert.equal(readCgroup(box.cgroup, 'cpu', 'cpu.shares'), '222');
      assert.equal(readCgroup(box.cgroup, 'pids', 'pids.max'), '11');
    },
  },
  {
    name: 'update leaves alone what it does not name, devices too',
    needs: ['cgroup v1'],
    spec: (spec) => {
      spec.linux.resources.pids = { limit: 77 };
      spec.linux.resources.cpu = { shares: 512 };
    },
    run: async (box) => {
      await box.start();
      const devices = readCgroup(box.cgroup, 'devices', 'devices.list');
      expectOk(await box.call(['update', '--pids-limit', '88', box.id]));
      assert.equal(readCgroup(box.cgroup, 'cpu', 'cpu.shares'), '512');
      assert.equal(readCgroup(box.cgroup, 'devices', 'devices.list'), devices);
    },
  },
  {
    name: 'update of a value that the kernel does not take is refused, and changes nothing',
    needs: ['cgroup v1'],
    spec: (spec) => (spec.linux.resources.cpu = { shares: 512 }),
    run: async (box) => {
      await box.start();
      assert.equal((await box.call(['update', '--cpuset-cpus', '4000', box.id])).code, 1);
      assert.equal(readCgroup(box.cgroup, 'cpu', 'cpu.shares'), '512');
    },
  },
  {
    name: 'update of a container that does not exist is refused',
    run: async (box) => {
      const { code, stderr } = await box.call(['update', '--pids-limit', '5', 'absent']);
      assert.equal(code, 1);
      assert.match(stderr, /does not exist/);
    },
  },
  {
    name: 'update of resources that are no JSON is refused',
    run: async (box) => {
      await box.start();
      assert.equal((await box.call(['update', '--resources', '-', box.id], { input: '{' })).code, 1);
    },
  },
  {
    name: 'pause stops all processes, resume lets them go on',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['pause', box.id]));
      assert.equal((await box.state()).status, 'paused');
      assert.equal(readCgroup(box.cgroup, 'freezer', 'freezer.state'), 'FROZEN');
      expectOk(await box.call(['resume', box.id]));
      assert.equal((await box.state()).status, 'running');
      assert.equal(readCgroup(box.cgroup, 'freezer', 'freezer.state'), 'THAWED');
    },
  },
  {
    name: 'a paused process gets no time',
    run: async (box) => {
      box.spec.process.args = ['sh', '-c', 'while true; do echo tick; sleep 0.01; done'];
      expectOk(await box.create());
      expectOk(await box.call(['start', box.id]));
      expectOk(await box.call(['pause', box.id]));
      const before = box.output();
      await new Promise((resolve) => setTimeout(resolve, 150));
      assert.equal(box.output(), before);
      expectOk(await box.call(['resume', box.id]));
      await until(() => box.output() !== before, 'it goes on');
    },
  },
  {
    name: 'what is not running cannot be paused, what is not paused not resumed',
    run: async (box) => {
      await box.start();
      assert.equal((await box.call(['resume', box.id])).code, 1);
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
      assert.equal((await box.call(['pause', box.id])).code, 1);
    },
  },
  {
    name: 'checkBeforeUpdate keeps a limit that is below what is in use',
    needs: ['cgroup v1'],
    since: '1.2',
    spec: (spec) => (spec.linux.resources.memory = { limit: 64 * megabyte }),
    run: async (box) => {
      await box.start();
      const file = cgroupFile(box.cgroup, 'memory', 'memory.limit_in_bytes');
      assert.ok(existsSync(file));
      const input = JSON.stringify({ memory: { limit: 4096, checkBeforeUpdate: true } });
      assert.equal((await box.call(['update', '--resources', '-', box.id], { input })).code, 1);
      assert.equal(readFileSync(file, 'utf8').trim(), String(64 * megabyte));
    },
  },
];
