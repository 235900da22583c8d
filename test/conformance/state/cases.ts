import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import type { Case } from '../suite/case.ts';
import { expectOk } from '../suite/box.ts';

export const cases: readonly Case[] = [
  {
    name: 'the state has all that the specification requires',
    spec: (spec) => (spec.annotations = { a: 'b' }),
    run: async (box) => {
      await box.start();
      const state = await box.state();
      assert.match(state.ociVersion, /^1\.\d+\.\d+/);
      assert.deepEqual(
        [state.id, state.status, state.bundle, state.annotations],
        [box.id, 'running', box.bundle, { a: 'b' }],
      );
    },
  },
  {
    name: 'the pid is the one on the host',
    run: async (box) => {
      await box.start(['wait']);
      const { pid } = await box.state();
      assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^\/probe\0wait/);
    },
  },
  {
    name: 'a created container has a pid',
    run: async (box) => {
      box.spec.process.args = ['/probe', 'wait'];
      expectOk(await box.create());
      const { pid, status } = await box.state();
      assert.ok(pid > 1);
      assert.equal(status, 'created');
    },
  },
  {
    name: 'a stopped container has no pid',
    run: async (box) => {
      await box.start(['exit 3']);
      await box.reach('stopped');
      assert.equal((await box.state()).pid ?? 0, 0);
    },
  },
  {
    name: 'runc adds rootfs, created and owner',
    run: async (box) => {
      await box.start();
      const state = (await box.state()) as unknown as Record<string, unknown>;
      assert.equal(state['rootfs'], box.rootfs);
      assert.ok(Math.abs(Date.parse(String(state['created'])) - Date.now()) < 60_000);
      assert.equal(typeof state['owner'], 'string');
    },
  },
  {
    name: 'a container of another state folder is not seen',
    run: async (box) => {
      await box.start();
      const { code } = await box.call(['--root', `${box.folder}/other`, 'state', box.id]);
      assert.equal(code, 1);
    },
  },
];
