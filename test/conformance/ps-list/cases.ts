import { strict as assert } from 'node:assert';
import { expectOk } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

interface Listed {
  readonly id: string;
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const cases: readonly Case[] = [
  {
    name: 'ps --format json has the pids of all processes',
    run: async (box) => {
      await box.start(['child', 'wait']);
      const pids = JSON.parse(expectOk(await box.call(['ps', '--format', 'json', box.id]))) as number[];
      assert.equal(pids.length, 2);
      assert.ok(pids.includes((await box.state()).pid));
    },
  },
  {
    name: 'ps shows a table',
    run: async (box) => {
      await box.start(['wait']);
      const [head, ...lines] = expectOk(await box.call(['ps', box.id]))
        .trim()
        .split('\n');
      assert.match(head!, /PID/);
      assert.equal(lines.length, 1);
      assert.match(lines[0]!, /\/probe wait/);
    },
  },
  {
    name: 'ps takes the options of ps',
    run: async (box) => {
      await box.start(['wait']);
      const out = expectOk(await box.call(['ps', box.id, '-o', 'pid,comm']));
      assert.match(out, new RegExp(`^\\s*${(await box.state()).pid} +probe`, 'm'));
    },
  },
  {
    name: 'list --format json',
    spec: (spec) => (spec.annotations = { x: 'y' }),
    run: async (box) => {
      await box.start();
      const listed = JSON.parse(expectOk(await box.call(['list', '--format', 'json']))) as Listed[];
      assert.equal(listed.length, 1);
      const { id, status, bundle, pid, annotations } = listed[0]!;
      assert.deepEqual([id, status, bundle, annotations], [box.id, 'running', box.bundle, { x: 'y' }]);
      assert.equal(pid, (await box.state()).pid);
    },
  },
  {
    name: 'list of nothing is null or empty in JSON',
    run: async (box) => {
      await box.probe(['ids']);
      const out = expectOk(await box.call(['list', '--format', 'json'])).trim();
      assert.match(out, /^(null|\[\])$/);
    },
  },
  {
    name: 'list shows a table',
    run: async (box) => {
      await box.start();
      const [head, line] = expectOk(await box.call(['list']))
        .trim()
        .split('\n');
      assert.match(head!, /^ID +PID +STATUS +BUNDLE +CREATED +OWNER/);
      assert.match(line!, new RegExp(`^${box.id} +\\d+ +running +${box.bundle} `));
    },
  },
  {
    name: 'list --quiet shows ids only',
    run: async (box) => {
      await box.start();
      assert.equal(expectOk(await box.call(['list', '--quiet'])), `${box.id}\n`);
    },
  },
  {
    name: 'a format that nobody knows is refused',
    run: async (box) => {
      await box.start();
      assert.equal((await box.call(['ps', '--format', 'xml', box.id])).code, 1);
      assert.equal((await box.call(['list', '--format', 'xml'])).code, 1);
    },
  },
];
