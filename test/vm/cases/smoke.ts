import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expectOk, until } from '../../conformance/suite/box.ts';
import type { Case } from '../../conformance/suite/case.ts';
import { withoutNamespace } from '../../conformance/suite/spec.ts';
import { fileOf, valueOf } from '../unified.ts';

const megabyte = 1 << 20;
const own = 'read /proc/self/cgroup';
const loop = 'open /work/loop r';

/** Few commands: each takes seconds in an emulated machine. */
export const cases: readonly Case[] = [
  {
    name: 'limits, device rules, exec, update, pause and a kill of all processes',
    spec: (spec) => {
      spec.linux.resources.memory = { limit: 64 * megabyte };
      spec.linux.resources.cpu = { quota: 80_000, period: 90_000 };
      spec.linux.resources.pids = { limit: 44 };
      withoutNamespace(spec, 'pid');
    },
    run: async (box) => {
      const seen = await box.start([own, 'mknod /work/loop c 10 237', loop, 'open /dev/null rw', 'child', 'wait']);
      assert.deepEqual(
        [own, loop, 'open /dev/null rw'].map((word) => seen.of(word)),
        [`0::${box.cgroup}\n`, 'EPERM', 'ok'],
      );
      const limits = () => ['memory.max', 'cpu.max', 'pids.max'].map((file) => valueOf(box, file));
      assert.deepEqual(limits(), [String(64 * megabyte), '80000 90000', '44']);
      const flags = ['--memory', String(48 * megabyte), '--cpu-quota', '70000', '--pids-limit', '33'];
      expectOk(await box.call(['update', ...flags, box.id]));
      assert.deepEqual(limits(), [String(48 * megabyte), '70000 90000', '33']);
      const second = await box.execProbe([own, loop]);
      assert.deepEqual(
        [own, loop].map((word) => second.of(word)),
        [`0::${box.cgroup}\n`, 'EPERM'],
      );
      expectOk(await box.call(['pause', box.id]));
      assert.match(readFileSync(fileOf(box, 'cgroup.events'), 'utf8'), /^frozen 1$/m);
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await until(() => valueOf(box, 'cgroup.procs') === '', 'all processes have ended');
    },
  },
  {
    name: 'a process that takes more memory than it may is killed, and the count of it is told',
    spec: (spec) => (spec.linux.resources.memory = { limit: 16 * megabyte, swap: 16 * megabyte }),
    run: async (box) => {
      const seen = await box.start(['touch-memory 64', 'wait']);
      assert.equal(seen.of<number>('touch-memory 64'), 137);
      const { data } = JSON.parse(expectOk(await box.call(['events', '--stats', box.id]))) as Stats;
      assert.equal(data.memory.usage.limit, 16 * megabyte);
      mkdirSync(fileOf(box, 'below'));
      writeFileSync(fileOf(box, 'below/cgroup.procs'), String((await box.state()).pid));
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.ok(!existsSync(fileOf(box, '.')), 'the cgroup is left');
    },
  },
];

interface Stats {
  readonly data: { readonly memory: { readonly usage: { readonly limit: number } } };
}
