import { strict as assert } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { expectOk } from '../suite/box.ts';

export const cases: readonly Case[] = [
  {
    name: 'create writes the pid, without a line break',
    run: async (box) => {
      const file = path.join(box.folder, 'pid');
      await box.start(['wait'], '--pid-file', file);
      assert.equal(readFileSync(file, 'utf8'), String((await box.state()).pid));
    },
  },
  {
    name: 'run --detach writes the pid',
    run: async (box) => {
      const file = path.join(box.folder, 'pid');
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.run({ flags: ['--detach', '--pid-file', file] }));
      assert.equal(readFileSync(file, 'utf8'), String((await box.state()).pid));
    },
  },
  {
    name: 'exec writes the pid that the process has on the host',
    run: async (box) => {
      await box.start();
      const file = path.join(box.folder, 'pid');
      expectOk(await box.exec(['/probe', 'wait'], { flags: ['--detach', '--pid-file', file] }));
      const status = readFileSync(`/proc/${readFileSync(file, 'utf8')}/status`, 'utf8');
      assert.match(status, /^NSpid:\t\d+\t\d+$/m);
    },
  },
  {
    name: 'a relative path is relative to the working folder',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      box.write();
      expectOk(
        await box.call(['create', '--bundle', box.bundle, '--pid-file', 'the-pid', box.id], { cwd: box.folder }),
      );
      assert.match(readFileSync(path.join(box.folder, 'the-pid'), 'utf8'), /^\d+$/);
    },
  },
  {
    name: 'a path that cannot be written is refused, and nothing is left',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      const { code } = await box.create('--pid-file', '/no/such/folder/pid');
      assert.equal(code, 1);
      assert.notEqual((await box.call(['state', box.id])).code, 0);
    },
  },
  {
    name: 'nothing is written when create fails',
    run: async (box) => {
      const file = path.join(box.folder, 'pid');
      box.spec.process.args = ['/absent'];
      assert.equal((await box.create('--pid-file', file)).code, 1);
      assert.ok(!existsSync(file));
    },
  },
];
