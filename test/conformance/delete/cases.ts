import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { expectOk } from '../suite/box.ts';
import { cgroupFile } from '../suite/cgroups.ts';
import type { Case } from '../suite/case.ts';
import { withoutNamespace } from '../suite/spec.ts';

export const cases: readonly Case[] = [
  {
    name: 'a running container is not deleted',
    run: async (box) => {
      await box.start();
      const { code, stderr } = await box.call(['delete', box.id]);
      assert.equal(code, 1);
      assert.match(stderr, /not stopped|running/);
      assert.equal((await box.state()).status, 'running');
    },
  },
  {
    name: 'a created container is deleted with its process',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.create());
      const { pid } = await box.state();
      expectOk(await box.call(['delete', box.id]));
      assert.ok(!existsSync(`/proc/${pid}/ns`) || !existsSync(`/proc/${pid}/exe`));
    },
  },
  {
    name: '--force deletes a running container',
    needs: ['cgroup v1'],
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.notEqual((await box.call(['state', box.id])).code, 0);
      assert.ok(!existsSync(cgroupFile(box.cgroup, 'pids', 'cgroup.procs')));
    },
  },
  {
    name: '--force deletes a paused container',
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['pause', box.id]));
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.notEqual((await box.call(['state', box.id])).code, 0);
    },
  },
  {
    name: '--force of what does not exist is fine',
    run: async (box) => void expectOk(await box.call(['delete', '--force', 'absent'])),
  },
  {
    name: '--force ends all processes of a container without a pid namespace',
    needs: ['cgroup v1'],
    since: '1.2',
    run: async (box) => {
      withoutNamespace(box.spec, 'pid');
      const seen = await box.start(['child', 'wait']);
      const child = seen.of<number>('child');
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.ok(!existsSync(`/proc/${child}/exe`));
    },
  },
  {
    name: 'a name is free again',
    run: async (box) => {
      await box.start(['exit 0']);
      await box.reach('stopped');
      expectOk(await box.call(['delete', box.id]));
      await box.start();
      assert.equal((await box.state()).status, 'running');
    },
  },
];
