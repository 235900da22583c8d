import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expectOk, until } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

interface Event {
  readonly type: string;
  readonly id: string;
  readonly data: {
    readonly cpu: { readonly usage: { readonly total: number } };
    readonly memory: { readonly usage: { readonly usage: number; readonly limit: number } };
    readonly pids: { readonly current: number; readonly limit: number };
  };
}

/** Whether a call's output has such an event. */
const says = (file: string, type: string) =>
  file.endsWith('.out') && readFileSync(file, 'utf8').includes(`"type":"${type}"`);

export const cases: readonly Case[] = [
  {
    name: 'events --stats prints one line of statistics',
    needs: ['cgroup v1'],
    spec: (spec) => {
      spec.linux.resources.pids = { limit: 50 };
      spec.linux.resources.memory = { limit: 64 << 20 };
    },
    run: async (box) => {
      await box.start(['child', 'wait']);
      const event = JSON.parse(expectOk(await box.call(['events', '--stats', box.id]))) as Event;
      assert.deepEqual([event.type, event.id], ['stats', box.id]);
      assert.deepEqual([event.data.pids.current, event.data.pids.limit], [2, 50]);
      assert.equal(event.data.memory.usage.limit, 64 << 20);
      assert.ok(event.data.memory.usage.usage > 0);
      assert.ok(event.data.cpu.usage.total > 0);
    },
  },
  {
    name: 'events tells of a process that was killed for its memory',
    needs: ['cgroup v1'],
    spec: (spec) => (spec.linux.resources.memory = { limit: 16 << 20, swap: 16 << 20 }),
    run: async (box) => {
      box.spec.process.args = ['/probe', 'await /work/go', 'touch-memory 64', 'await /work/end'];
      expectOk(await box.create());
      expectOk(await box.call(['start', box.id]));
      const events = box.call(['events', '--interval', '200ms', box.id]);
      const told = (type: string) => readdirSync(box.folder).some((name) => says(path.join(box.folder, name), type));
      await until(() => told('stats'), 'statistics come');
      writeFileSync(path.join(box.rootfs, 'work/go'), '');
      await until(() => told('oom'), 'the kill is told');
      writeFileSync(path.join(box.rootfs, 'work/end'), '');
      await box.reach('stopped');
      await box.call(['delete', '--force', box.id]);
      const { stdout } = await events;
      assert.match(stdout, /"type":"oom"/);
      assert.match(stdout, /"type":"stats"/);
    },
  },
  {
    name: 'events of a container that does not exist is refused',
    run: async (box) => assert.equal((await box.call(['events', '--stats', 'absent'])).code, 1),
  },
  {
    name: 'events of a stopped container is refused',
    run: async (box) => {
      await box.start(['exit 0']);
      await box.reach('stopped');
      const { code, stderr } = await box.call(['events', '--stats', box.id]);
      assert.equal(code, 1);
      assert.match(stderr, /not running|stopped/);
    },
  },
];
