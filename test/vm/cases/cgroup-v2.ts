import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Box, expectOk, until } from '../../conformance/suite/box.ts';
import type { Case } from '../../conformance/suite/case.ts';
import { tmpfs, userNamespace, withoutNamespace } from '../../conformance/suite/spec.ts';
import { fileOf, valueOf } from '../unified.ts';

const megabyte = 1 << 20;
const own = 'read /proc/self/cgroup';

/** A flag of update, what file it is for, and what is there then. */
const updates: readonly (readonly [flags: readonly string[], file: string, value: string])[] = [
  [['--memory', String(64 * megabyte)], 'memory.max', String(64 * megabyte)],
  [['--memory-reservation', String(8 * megabyte)], 'memory.low', String(8 * megabyte)],
  [['--cpu-quota', '30000', '--cpu-period', '60000'], 'cpu.max', '30000 60000'],
  [['--cpu-quota', '20000'], 'cpu.max', '20000 60000'],
  [['--cpu-period', '80000'], 'cpu.max', '20000 80000'],
  [['--cpu-burst', '10000'], 'cpu.max.burst', '10000'],
  [['--cpu-share', '1024'], 'cpu.weight', '100'],
  [['--cpuset-cpus', '0'], 'cpuset.cpus', '0'],
  [['--cpuset-mems', '0'], 'cpuset.mems', '0'],
  [['--pids-limit', '33'], 'pids.max', '33'],
  [['--cpu-idle', '1'], 'cpu.idle', '1'],
];

export const cases: readonly Case[] = [
  {
    name: 'the process is in the cgroup of the path, in no other one',
    probe: [own],
    expect: (seen, box) => assert.equal(seen.of(own), `0::${box.cgroup}\n`),
  },
  {
    name: 'without a path the cgroup has the name of the container',
    spec: (spec) => delete spec.linux.cgroupsPath,
    probe: [own],
    expect: (seen, box) => assert.equal(seen.of(own), `0::/${box.id}\n`),
  },
  {
    name: 'every limit is in its file, and controllers are passed on',
    spec: ({ linux: { resources } }) => {
      resources.memory = { limit: 64 * megabyte, swap: 96 * megabyte, reservation: 16 * megabyte };
      resources.cpu = { shares: 2048, quota: 40_000, period: 80_000, burst: 5000, cpus: '1', mems: '0' };
      resources.pids = { limit: 44 };
      resources.hugepageLimits = [{ pageSize: '2MB', limit: 4 * megabyte }];
      resources.unified = { 'memory.high': String(48 * megabyte), 'memory.oom.group': '1' };
    },
    run: async (box) => {
      await box.start();
      const expected = {
        'memory.max': String(64 * megabyte),
        'memory.low': String(16 * megabyte),
        'memory.high': String(48 * megabyte),
        'memory.oom.group': '1',
        'cpu.max': '40000 80000',
        'cpu.max.burst': '5000',
        'cpuset.cpus': '1',
        'cpuset.mems': '0',
        'pids.max': '44',
        'hugetlb.2MB.max': String(4 * megabyte),
      };
      const found = Object.keys(expected).map((file) => [file, valueOf(box, file)]);
      assert.deepEqual(Object.fromEntries(found), expected);
      assert.ok(Number(valueOf(box, 'cpu.weight')) > 100);
    },
  },
  {
    name: 'update changes each limit, and leaves device rules as they are',
    run: async (box) => {
      await box.start(['mknod /work/loop c 10 237', 'wait']);
      for (const [flags, file, value] of updates) {
        expectOk(await box.call(['update', ...flags, box.id]));
        assert.equal(valueOf(box, file), value, flags.join(' '));
      }
      assert.equal((await box.execProbe(['open /work/loop r'])).of('open /work/loop r'), 'EPERM');
    },
  },
  {
    name: 'an update that the kernel does not take is refused, and a limit below what is in use, when that is asked for',
    spec: (spec) => (spec.linux.resources.memory = { limit: 64 * megabyte }),
    run: async (box) => {
      await box.start();
      assert.equal((await box.call(['update', '--cpuset-cpus', '4000', box.id])).code, 1);
      const input = JSON.stringify({ memory: { limit: 4096, checkBeforeUpdate: true } });
      assert.equal((await box.call(['update', '--resources', '-', box.id], { input })).code, 1);
      assert.equal(valueOf(box, 'memory.max'), String(64 * megabyte));
    },
  },
  {
    name: 'pause freezes, resume thaws, KILL ends what is paused',
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['pause', box.id]));
      assert.equal((await box.state()).status, 'paused');
      assert.match(readFileSync(fileOf(box, 'cgroup.events'), 'utf8'), /^frozen 1$/m);
      expectOk(await box.call(['resume', box.id]));
      assert.match(readFileSync(fileOf(box, 'cgroup.events'), 'utf8'), /^frozen 0$/m);
      expectOk(await box.call(['pause', box.id]));
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
    },
  },
  {
    name: 'KILL ends all processes of a container without a pid namespace',
    run: async (box) => {
      withoutNamespace(box.spec, 'pid');
      await box.start(['child', 'child', 'wait']);
      assert.equal(valueOf(box, 'cgroup.procs').split('\n').length, 3);
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await until(() => valueOf(box, 'cgroup.procs') === '', 'all processes have ended');
      await box.reach('stopped');
    },
  },
  {
    name: 'exec --cgroup goes into a folder below, one that is not there is refused',
    run: async (box) => {
      await box.start();
      mkdirSync(fileOf(box, 'sub'));
      const seen = await box.execProbe([own], '--cgroup', 'sub');
      assert.equal(seen.of(own), `0::${box.cgroup}/sub\n`);
      assert.notEqual((await box.exec(['/probe', 'ids'], { flags: ['--cgroup', 'absent'] })).code, 0);
    },
  },
  {
    name: 'exec goes where the first process is when the cgroup passes controllers on; delete removes what is below',
    run: async (box) => {
      await box.start();
      mkdirSync(fileOf(box, 'init'));
      writeFileSync(fileOf(box, 'init/cgroup.procs'), String((await box.state()).pid));
      writeFileSync(fileOf(box, 'cgroup.subtree_control'), '+pids +memory');
      assert.equal((await box.execProbe([own])).of(own), `0::${box.cgroup}/init\n`);
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.ok(!existsSync(fileOf(box, '.')), 'the cgroup is left');
    },
  },
  {
    name: 'events tells limits, usage and a kill for want of memory',
    spec: ({ linux: { resources } }) => {
      resources.pids = { limit: 50 };
      resources.memory = { limit: 16 * megabyte, swap: 16 * megabyte };
    },
    run: async (box) => {
      box.spec.process.args = ['/probe', 'await /work/go', 'touch-memory 64', 'await /work/end'];
      expectOk(await box.create());
      expectOk(await box.call(['start', box.id]));
      const stats = await eventOf(box);
      assert.deepEqual(
        [stats.type, stats.data.pids.limit, stats.data.memory.usage.limit],
        ['stats', 50, 16 * megabyte],
      );
      assert.ok(stats.data.memory.usage.usage > 0 && stats.data.cpu.usage.total > 0);
      const events = box.call(['events', '--interval', '500ms', box.id]);
      const output = () => readFileSync(path.join(box.folder, '3.out'), 'utf8');
      await until(() => output().includes('"stats"'), 'events has begun');
      writeFileSync(path.join(box.rootfs, 'work/go'), '');
      await until(() => output().includes('"oom"'), 'events tells of the kill');
      writeFileSync(path.join(box.rootfs, 'work/end'), '');
      await box.reach('stopped');
      await box.call(['delete', '--force', box.id]);
      await events;
    },
  },
  {
    name: 'a cgroup that is in use or frozen is refused, and left as it is',
    run: async (box) => {
      mkdirSync(path.dirname(fileOf(box, '.')), { recursive: true });
      mkdirSync(fileOf(box, '.'));
      writeFileSync(fileOf(box, 'cgroup.freeze'), '1');
      assert.equal((await box.run()).code, 1);
      writeFileSync(fileOf(box, 'cgroup.freeze'), '0');
      // Not this process: what other cases start would be in it too.
      const stranger = spawn('/bin/busybox', ['sleep', '600'], { stdio: 'ignore' });
      writeFileSync(fileOf(box, 'cgroup.procs'), String(stranger.pid));
      const { code } = await box.run();
      assert.equal(stranger.exitCode, null);
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
      assert.equal(code, 1);
      await until(() => valueOf(box, 'cgroup.procs') === '', 'the cgroup is empty');
      rmdirSync(fileOf(box, '.'));
    },
  },
  ...['classID', 'realtime', 'absent'].map((what): Case => ({
    name: `${what} is refused, as version 2 has nothing for it`,
    ...(what === 'absent' ? {} : { runcDeviates: 'it passes over what it cannot do' }),
    spec: ({ linux: { resources } }) => {
      if (what === 'classID') resources.network = { classID: 7 };
      if (what === 'realtime') resources.cpu = { realtimeRuntime: 1000, realtimePeriod: 10_000 };
      if (what === 'absent') resources.unified = { 'memory.absent': '1' };
    },
    run: async (box) => assert.equal((await box.run()).code, 1),
  })),
  {
    name: 'a mount of the cgroups shows the own one alone, and root of a user namespace may make cgroups below it',
    runcDeviates: 'with cgroupfs it gives no cgroup away',
    spec: (spec) => {
      userNamespace(spec);
      spec.linux.namespaces.push({ type: 'cgroup' });
      spec.mounts = spec.mounts.filter(({ destination }) => destination !== '/sys');
      spec.mounts.push(tmpfs('/sys'), {
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['rw'],
      });
    },
    probe: [own, 'mkdir /sys/fs/cgroup/below', 'write /sys/fs/cgroup/pids.max 5', 'read /proc/self/mountinfo'],
    expect: (seen) => {
      assert.equal(seen.of(own), '0::/\n');
      assert.equal(seen.mount('/sys/fs/cgroup').type, 'cgroup2');
      assert.equal(seen.of('mkdir /sys/fs/cgroup/below'), 'ok');
      assert.equal(seen.of('write /sys/fs/cgroup/pids.max 5'), 'EACCES');
    },
  },
];

interface Stats {
  readonly type: string;
  readonly data: {
    readonly cpu: { readonly usage: { readonly total: number } };
    readonly memory: { readonly usage: { readonly usage: number; readonly limit: number } };
    readonly pids: { readonly limit: number };
  };
}

async function eventOf(box: Box): Promise<Stats> {
  return JSON.parse(expectOk(await box.call(['events', '--stats', box.id]))) as Stats;
}
