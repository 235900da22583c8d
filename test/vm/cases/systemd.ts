import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Box, expectOk, until } from '../../conformance/suite/box.ts';
import type { Case } from '../../conformance/suite/case.ts';
import { withoutNamespace } from '../../conformance/suite/spec.ts';

const megabyte = 1 << 20;
const own = 'read /proc/self/cgroup';

/** register.ts gives each container this `cgroupsPath`: system.slice:berth:ID. */
const unitOf = (box: Box) => `berth-${box.id}.scope`;
const folderOf = (box: Box) => `/sys/fs/cgroup/system.slice/${unitOf(box)}`;
const valueOf = (box: Box, file: string) => readFileSync(path.join(folderOf(box), file), 'utf8').trim();

function systemctl(...args: string[]): string {
  return execFileSync('systemctl', args, { encoding: 'utf8' }).trim();
}

/** Properties of a box's scope. */
function show(box: Box, ...names: string[]): Record<string, string> {
  const lines = systemctl('show', unitOf(box), ...names.map((name) => `--property=${name}`)).split('\n');
  return Object.fromEntries(lines.map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]));
}

function assertGone(box: Box): void {
  const { LoadState } = show(box, 'LoadState');
  assert.equal(LoadState, 'not-found');
  assert.ok(!existsSync(folderOf(box)), 'the cgroup is left');
}

export const cases: readonly Case[] = [
  {
    name: 'the container is a scope with its limits as properties and in the files; delete leaves neither',
    spec: ({ linux: { resources } }) => {
      resources.memory = { limit: 64 * megabyte, swap: 96 * megabyte, reservation: 16 * megabyte };
      resources.cpu = { shares: 1024, quota: 40_000, period: 80_000, cpus: '1', mems: '0' };
      resources.pids = { limit: 44 };
    },
    run: async (box) => {
      const seen = await box.start([own, 'wait']);
      assert.equal(seen.of(own), `0::/system.slice/${unitOf(box)}\n`);
      const expected = {
        ActiveState: 'active',
        Slice: 'system.slice',
        Delegate: 'yes',
        ControlGroup: `/system.slice/${unitOf(box)}`,
        MemoryMax: String(64 * megabyte),
        MemoryLow: String(16 * megabyte),
        MemorySwapMax: String(32 * megabyte),
        CPUWeight: '100',
        CPUQuotaPerSecUSec: '500ms',
        CPUQuotaPeriodUSec: '80ms',
        AllowedCPUs: '1',
        AllowedMemoryNodes: '0',
        TasksMax: '44',
        DevicePolicy: 'strict',
      };
      assert.deepEqual(show(box, ...Object.keys(expected)), expected);
      assert.equal(valueOf(box, 'memory.max'), String(64 * megabyte));
      assert.equal(valueOf(box, 'cpu.max'), '40000 80000');
      assert.equal(valueOf(box, 'cpuset.cpus'), '1');
      assert.equal(valueOf(box, 'pids.max'), '44');
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
      expectOk(await box.call(['delete', box.id]));
      assertGone(box);
    },
  },
  {
    name: 'update changes properties and files, and a reload of systemd leaves limits and device rules',
    spec: ({ linux: { resources } }) => (resources.memory = { limit: 64 * megabyte }),
    run: async (box) => {
      await box.start(['mknod /work/loop c 10 237', 'wait']);
      const flags = [
        '--memory',
        String(32 * megabyte),
        '--pids-limit',
        '33',
        '--cpu-quota',
        '15000',
        '--cpuset-cpus',
        '0',
      ];
      expectOk(await box.call(['update', ...flags, box.id]));
      systemctl('daemon-reload');
      systemctl('set-property', '--runtime', unitOf(box), 'IOWeight=200');
      const expected = {
        MemoryMax: String(32 * megabyte),
        TasksMax: '33',
        CPUQuotaPerSecUSec: '150ms',
        AllowedCPUs: '0',
      };
      assert.deepEqual(show(box, ...Object.keys(expected)), expected);
      assert.equal(valueOf(box, 'memory.max'), String(32 * megabyte));
      assert.equal(valueOf(box, 'pids.max'), '33');
      assert.equal(valueOf(box, 'cpu.max'), '15000 100000');
      assert.equal(valueOf(box, 'cpuset.cpus'), '0');
      const seen = await box.execProbe([own, 'open /work/loop r', 'open /dev/null rw']);
      assert.equal(seen.of(own), `0::/system.slice/${unitOf(box)}\n`);
      assert.equal(seen.of('open /work/loop r'), 'EPERM');
      assert.equal(seen.of('open /dev/null rw'), 'ok');
    },
  },
  {
    name: 'a create that fails leaves no unit',
    run: async (box) => {
      box.spec.process.args = ['/absent'];
      assert.notEqual((await box.run()).code, 0);
      assertGone(box);
      box.spec.process.args = ['/probe', 'wait'];
      box.spec.hooks = { createContainer: [{ path: '/bin/false' }] };
      assert.notEqual((await box.create()).code, 0);
      assertGone(box);
      delete box.spec.hooks;
      box.spec.linux.resources.cpu = { cpus: '4000-4001' };
      assert.notEqual((await box.create()).code, 0);
      assertGone(box);
    },
  },
  {
    name: 'annotations set further properties, a wrong one is refused',
    run: async (box) => {
      box.spec.annotations = {
        'org.systemd.property.TimeoutStopUSec': 'uint64 123456789',
        'org.systemd.property.Description': "'a box of its own'",
      };
      await box.start();
      assert.deepEqual(show(box, 'TimeoutStopUSec', 'Description'), {
        TimeoutStopUSec: '2min 3.456789s',
        Description: 'a box of its own',
      });
      expectOk(await box.call(['delete', '--force', box.id]));
      box.spec.annotations = { 'org.systemd.property.NoSuchThing': 'true' };
      assert.notEqual((await box.run()).code, 0);
      assertGone(box);
    },
  },
  {
    name: 'what runs to its end leaves nothing',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'exit 3'];
      assert.equal((await box.run()).code, 3);
      assertGone(box);
    },
  },
  {
    name: 'systemctl stop ends the container, and it can be deleted then',
    run: async (box) => {
      await box.start(['trap 15 7', 'wait']);
      systemctl('stop', unitOf(box));
      await box.reach('stopped');
      expectOk(await box.call(['delete', box.id]));
      assertGone(box);
    },
  },
  {
    name: 'a unit that is there already is refused, and left as it is',
    run: async (box) => {
      execFileSync('systemd-run', ['--scope', `--unit=${unitOf(box)}`, '--quiet', 'sh', '-c', 'sleep 600 &'], {
        // A pipe would be waited for.
        stdio: 'ignore',
      });
      assert.notEqual((await box.run()).code, 0);
      assert.equal(show(box, 'ActiveState').ActiveState, 'active');
      systemctl('stop', unitOf(box));
    },
  },
  {
    name: 'pause, resume and a KILL of all processes',
    run: async (box) => {
      withoutNamespace(box.spec, 'pid');
      await box.start(['child', 'child', 'wait']);
      expectOk(await box.call(['pause', box.id]));
      assert.equal(valueOf(box, 'cgroup.freeze'), '1');
      assert.equal((await box.state()).status, 'paused');
      expectOk(await box.call(['resume', box.id]));
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await until(() => !existsSync(folderOf(box)) || valueOf(box, 'cgroup.procs') === '', 'all have ended');
      await box.reach('stopped');
    },
  },
  {
    name: 'slices in slices are made',
    run: async (box) => {
      box.spec.linux.cgroupsPath = `bc-${box.id.slice(3)}.slice:inner:one`;
      const seen = await box.probe([own]);
      assert.equal(seen.of(own), `0::/bc.slice/bc-${box.id.slice(3)}.slice/inner-one.scope\n`);
      systemctl('stop', 'bc.slice');
    },
  },
  {
    name: 'without a bus the own socket of systemd is enough',
    run: async (box) => {
      const seen = await box.probe([own], { env: { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/absent' } });
      assert.equal(seen.of(own), `0::/system.slice/${unitOf(box)}\n`);
      assertGone(box);
    },
  },
];
