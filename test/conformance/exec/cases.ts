import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { tolerate } from '@berth/model/error';
import { expectOk, until } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

const ns = 'links /proc/self/ns';

/** Empty for a process that has ended. */
function commandLineOf(pid: string): string {
  let text = '';
  tolerate(['ENOENT', 'ESRCH'], () => (text = readFileSync(`/proc/${pid}/cmdline`, 'utf8')));
  return text;
}

export const cases: readonly Case[] = [
  {
    name: 'the process is in all namespaces of the container',
    spec: (spec) => void spec.linux.namespaces.push({ type: 'cgroup' }),
    run: async (box) => {
      const first = await box.start([ns, 'wait']);
      assert.deepEqual((await box.execProbe([ns])).of(ns), first.of(ns));
    },
  },
  {
    name: 'the exit code is the one of the process',
    run: async (box) => {
      await box.start();
      for (const code of [0, 1, 42, 255]) assert.equal((await box.exec(['/probe', `exit ${code}`])).code, code);
    },
  },
  {
    name: 'a signal is 128 and its number',
    run: async (box) => {
      await box.start();
      assert.equal((await box.exec(['/probe', 'die 9'])).code, 137);
      assert.equal((await box.exec(['/probe', 'die 15'])).code, 143);
    },
  },
  {
    name: 'standard input, output and error',
    run: async (box) => {
      await box.start();
      const { stdout, stderr } = await box.exec(['sh', '-c', 'cat; echo err >&2'], { input: 'in' });
      assert.equal(stdout, 'in');
      assert.equal(stderr, 'err\n');
    },
  },
  {
    name: '--user, --cwd, --env, --additional-gids',
    run: async (box) => {
      await box.start();
      const flags = [
        '--user',
        '12:34',
        '--cwd',
        '/work',
        '--env',
        'A=1',
        '--env',
        'B=2',
        '--additional-gids',
        '56',
        '--additional-gids',
        '78',
      ];
      const seen = await box.execProbe(['ids', 'cwd', 'env', 'read /proc/self/status'], ...flags);
      const { uid, gid } = seen.of<Record<string, number>>('ids');
      assert.deepEqual([uid, gid, seen.of('cwd')], [12, 34, '/work']);
      assert.equal(seen.status('Groups'), '56 78');
      const env = seen.of<string[]>('env');
      for (const each of ['A=1', 'B=2', 'PATH=/bin']) assert.ok(env.includes(each), each);
    },
  },
  {
    name: '--no-new-privs',
    run: async (box) => {
      await box.start();
      const seen = await box.execProbe(['flags'], '--no-new-privs');
      assert.equal(seen.of<{ noNewPrivileges: number }>('flags').noNewPrivileges, 1);
    },
  },
  {
    name: 'without a user it is that of the container',
    since: '1.5',
    spec: (spec) => (spec.process.user = { uid: 77, gid: 88, umask: 0o77 }),
    run: async (box) => {
      await box.start();
      const seen = await box.execProbe(['ids', 'read /proc/self/status']);
      assert.equal(seen.of<{ uid: number }>('ids').uid, 77);
      assert.equal(seen.status('Umask'), '0077');
    },
  },
  {
    name: 'process.json says everything',
    run: async (box) => {
      await box.start();
      const seen = await box.execSpec(
        (process) => {
          process.user = { uid: 5, gid: 6, additionalGids: [7] };
          process.cwd = '/tmp';
          process.env = ['X=y'];
        },
        ['ids', 'cwd', 'env', 'read /proc/self/status'],
      );
      assert.equal(seen.of<{ uid: number }>('ids').uid, 5);
      assert.equal(seen.of('cwd'), '/tmp');
      assert.ok(seen.of<string[]>('env').includes('X=y'));
      assert.equal(seen.status('Groups'), '7');
    },
  },
  {
    name: '--detach comes back at once, and the process goes on',
    run: async (box) => {
      await box.start();
      const pidFile = path.join(box.folder, 'pid');
      expectOk(await box.exec(['/probe', 'wait'], { flags: ['--detach', '--pid-file', pidFile] }));
      const pid = readFileSync(pidFile, 'utf8');
      // runc is back a moment before the program is executed.
      await until(() => commandLineOf(pid).startsWith('/probe\0wait'), 'the program runs');
    },
  },
  {
    name: 'a detached process ends with the container',
    run: async (box) => {
      await box.start();
      const pidFile = path.join(box.folder, 'pid');
      expectOk(await box.exec(['/probe', 'wait'], { flags: ['--detach', '--pid-file', pidFile] }));
      const pid = readFileSync(pidFile, 'utf8');
      expectOk(await box.call(['kill', box.id, 'KILL']));
      await until(() => commandLineOf(pid) === '', 'the process is gone');
    },
  },
  {
    name: 'a program that is missing',
    run: async (box) => {
      await box.start();
      const { code, stderr } = await box.exec(['/absent']);
      assert.equal(code, 255);
      assert.match(stderr, /absent/);
    },
  },
  {
    name: 'a program that may not be executed',
    run: async (box) => {
      await box.start();
      const { code, stderr } = await box.exec(['/work/file']);
      assert.equal(code, 255);
      assert.match(stderr, /work\/file|permission/);
    },
  },
  {
    name: 'a container that is stopped',
    run: async (box) => {
      await box.start(['exit 0']);
      await box.reach('stopped');
      const { code, stderr } = await box.exec(['/probe']);
      assert.notEqual(code, 0);
      assert.match(stderr, /stopped|not running/);
    },
  },
  {
    name: 'a container that does not exist',
    run: async (box) => {
      const { code, stderr } = await box.call(['exec', 'absent', 'true']);
      assert.notEqual(code, 0);
      assert.match(stderr, /does not exist/);
    },
  },
  {
    name: 'a container that is paused is refused, with --ignore-paused it waits',
    run: async (box) => {
      await box.start();
      expectOk(await box.call(['pause', box.id]));
      const { code, stderr } = await box.exec(['/probe']);
      assert.notEqual(code, 0);
      assert.match(stderr, /paused/);
      expectOk(await box.call(['resume', box.id]));
      expectOk(await box.exec(['/probe', 'ids'], { flags: ['--ignore-paused'] }));
    },
  },
  {
    name: 'the process is no child of the first one, and has a pid of its own',
    run: async (box) => {
      await box.start();
      const { pid, ppid, sid } = (await box.execProbe(['ids'])).of<Record<string, number>>('ids');
      assert.ok(pid! > 1);
      assert.deepEqual([ppid, sid], [0, pid]);
    },
  },
  {
    name: 'several at once',
    run: async (box) => {
      await box.start();
      const all = await Promise.all([1, 2, 3, 4].map((code) => box.exec(['/probe', 'sleep 50', `exit ${code}`])));
      assert.deepEqual(
        all.map(({ code }) => code),
        [1, 2, 3, 4],
      );
    },
  },
];
