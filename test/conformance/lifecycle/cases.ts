import { strict as assert } from 'node:assert';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expectOk, until } from '../suite/box.ts';
import { cgroupFile } from '../suite/cgroups.ts';
import type { Case } from '../suite/case.ts';

export const cases: readonly Case[] = [
  {
    name: 'create does not start the program',
    run: async (box) => {
      box.spec.process.args = ['sh', '-c', 'echo ran > /work/ran'];
      expectOk(await box.create());
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.ok(!existsSync(path.join(box.rootfs, 'work/ran')));
      assert.equal((await box.state()).status, 'created');
      expectOk(await box.call(['start', box.id]));
      await until(() => existsSync(path.join(box.rootfs, 'work/ran')), 'the program has run');
    },
  },
  {
    name: 'created, running, stopped, gone',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.create());
      assert.equal((await box.state()).status, 'created');
      expectOk(await box.call(['start', box.id]));
      assert.equal((await box.state()).status, 'running');
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await box.reach('stopped');
      expectOk(await box.call(['delete', box.id]));
      assert.notEqual((await box.call(['state', box.id])).code, 0);
    },
  },
  {
    name: 'the changes of config.json after create have no effect',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'uname', 'wait'];
      expectOk(await box.create());
      writeFileSync(path.join(box.bundle, 'config.json'), '{}');
      expectOk(await box.call(['start', box.id]));
      await until(() => box.output().includes('"box"'), 'the program has run with its own settings');
    },
  },
  {
    name: 'an id that is taken is refused',
    run: async (box) => {
      await box.start();
      const { code, stderr } = await box.create();
      assert.equal(code, 1);
      assert.match(stderr, /exist/);
      assert.equal((await box.state()).status, 'running');
    },
  },
  ...['', '.', '..', 'a/b', '../x', 'a b', 'ä'].map((id): Case => ({
    name: `an id such as ${JSON.stringify(id)} is refused`,
    run: async (box) => {
      box.write();
      const { code } = await box.call(['create', '--bundle', box.bundle, id]);
      assert.notEqual(code, 0);
    },
  })),
  {
    name: 'an id may have letters, digits and _+-.',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'ids'];
      box.write();
      expectOk(await box.call(['run', '--bundle', box.bundle, 'A_b+c-d.9']));
    },
  },
  {
    name: 'a container cannot be started twice',
    run: async (box) => {
      await box.start();
      assert.equal((await box.call(['start', box.id])).code, 1);
      assert.equal((await box.state()).status, 'running');
    },
  },
  {
    name: 'a stopped container cannot be started',
    run: async (box) => {
      await box.start(['exit 0']);
      await box.reach('stopped');
      assert.equal((await box.call(['start', box.id])).code, 1);
    },
  },
  {
    name: 'what does not exist cannot be started, killed, deleted or asked for its state',
    run: async (box) => {
      for (const command of ['start', 'kill', 'delete', 'state', 'pause', 'resume', 'ps']) {
        const { code, stderr } = await box.call([command, 'absent']);
        assert.equal(code, 1, command);
        assert.match(stderr, /does not exist/, command);
      }
    },
  },
  {
    name: 'run --detach comes back while the program goes on',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.run({ flags: ['--detach'] }));
      assert.equal((await box.state()).status, 'running');
    },
  },
  {
    name: 'run leaves nothing, with --keep the stopped container',
    run: async (box) => {
      await box.probe(['ids']);
      assert.notEqual((await box.call(['state', box.id])).code, 0);
      await box.probe(['ids'], { flags: ['--keep'] });
      assert.equal((await box.state()).status, 'stopped');
    },
  },
  {
    name: 'the bundle is the working folder by default',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'ids'];
      box.write();
      expectOk(await box.call(['run', box.id], { cwd: box.bundle }));
    },
  },
  {
    name: 'two containers of one bundle have nothing in common',
    needs: ['cgroup v1'],
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      await box.start();
      box.spec.linux.cgroupsPath = `${box.cgroup}/second`;
      box.write();
      const second = `${box.id}-2`;
      expectOk(await box.call(['create', '--bundle', box.bundle, second]));
      expectOk(await box.call(['delete', '--force', second]));
      assert.equal((await box.state()).status, 'running');
      assert.ok(existsSync(cgroupFile(box.cgroup, 'pids', 'cgroup.procs')));
    },
  },
  {
    name: 'the state folder is empty when all are deleted',
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['delete', '--force', box.id]));
      assert.deepEqual(readdirSync(path.join(box.folder, 's')), []);
    },
  },
];
