import { strict as assert } from 'node:assert';
import { expectOk, until } from '../suite/box.ts';
import { readCgroup } from '../suite/cgroups.ts';
import type { Case } from '../suite/case.ts';
import { withoutNamespace } from '../suite/spec.ts';

const signals = ['TERM', 'SIGTERM', '15', 'term'];

export const cases: readonly Case[] = [
  ...signals.map((signal): Case => ({
    name: `a signal may be written ${signal}`,
    run: async (box) => {
      await box.start(['trap 15 7', 'wait']);
      expectOk(await box.call(['kill', box.id, signal]));
      await box.reach('stopped');
    },
  })),
  {
    name: 'without a signal it is SIGTERM',
    run: async (box) => {
      await box.start(['trap 15 7', 'wait']);
      expectOk(await box.call(['kill', box.id]));
      await box.reach('stopped');
    },
  },
  {
    name: 'a process that takes no notice goes on',
    run: async (box) => {
      await box.start(['wait']);
      expectOk(await box.call(['kill', box.id, 'TERM']));
      expectOk(await box.call(['kill', box.id, '0']));
      assert.equal((await box.state()).status, 'running');
    },
  },
  {
    name: 'a created container can be killed',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.create());
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
    },
  },
  {
    name: 'a stopped container cannot be killed',
    run: async (box) => {
      await box.start(['exit 0']);
      await box.reach('stopped');
      const { code, stderr } = await box.call(['kill', box.id, 'KILL']);
      assert.equal(code, 1);
      assert.match(stderr, /not running/);
    },
  },
  {
    name: 'a signal that nobody knows is refused',
    run: async (box) => {
      await box.start();
      for (const signal of ['SIGNOTHING', '999', 'x'])
        assert.equal((await box.call(['kill', box.id, signal])).code, 1, signal);
      assert.equal((await box.state()).status, 'running');
    },
  },
  {
    name: 'KILL ends all processes of a container without a pid namespace',
    needs: ['cgroup v1'],
    since: '1.2',
    run: async (box) => {
      withoutNamespace(box.spec, 'pid');
      await box.start(['child', 'child', 'wait']);
      assert.equal(readCgroup(box.cgroup, 'pids', 'cgroup.procs').split('\n').length, 3);
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
      await until(() => readCgroup(box.cgroup, 'pids', 'cgroup.procs') === '', 'all processes have ended');
    },
  },
  {
    name: 'a paused container ends by KILL',
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['pause', box.id]));
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
    },
  },
];
