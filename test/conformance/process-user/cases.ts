import { strict as assert } from 'node:assert';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';

const status = 'read /proc/self/status';

export const cases: readonly Case[] = [
  {
    name: 'the process has its user and group in all four places',
    spec: (spec) => (spec.process.user = { uid: 1234, gid: 5678 }),
    probe: [status],
    expect: (seen) => {
      assert.deepEqual(
        seen.status('Uid').split('\t'),
        Array.from({ length: 4 }, () => '1234'),
      );
      assert.deepEqual(
        seen.status('Gid').split('\t'),
        Array.from({ length: 4 }, () => '5678'),
      );
    },
  },
  {
    name: 'supplementary groups are exactly the listed ones',
    since: '1.5',
    spec: (spec) => (spec.process.user = { uid: 1, gid: 2, additionalGids: [10, 4_000_000_000, 30] }),
    probe: [status],
    expect: (seen) => assert.deepEqual(seen.status('Groups').split(' '), ['10', '30', '4000000000']),
  },
  {
    name: 'without supplementary groups there are none',
    probe: [status],
    expect: (seen) => assert.equal(seen.status('Groups'), ''),
  },
  {
    name: 'the umask is set',
    spec: (spec) => (spec.process.user.umask = 0o027),
    probe: [status, 'mkdir /work/x', 'stat /work/x'],
    expect: (seen) => {
      assert.equal(seen.status('Umask'), '0027');
      assert.equal(seen.of<{ mode: number }>('stat /work/x').mode, 0o750);
    },
  },
  {
    name: 'without a umask it is 022',
    probe: [status],
    expect: (seen) => assert.equal(seen.status('Umask'), '0022'),
  },
  {
    name: 'the working folder is entered',
    spec: (spec) => (spec.process.cwd = '/work'),
    probe: ['cwd'],
    expect: (seen) => assert.equal(seen.of('cwd'), '/work'),
  },
  {
    name: 'a working folder that is missing is made',
    spec: (spec) => (spec.process.cwd = '/new/deep'),
    probe: ['cwd'],
    expect: (seen) => assert.equal(seen.of('cwd'), '/new/deep'),
  },
  {
    name: 'a working folder that only root may enter is entered for a user',
    spec: (spec, box) => {
      mkdirSync(path.join(box.rootfs, 'locked/home'), { recursive: true, mode: 0o755 });
      mkdirSync(path.join(box.rootfs, 'private'), { mode: 0o700 });
      spec.process.cwd = '/locked/home';
      spec.process.user = { uid: 1000, gid: 1000 };
    },
    probe: ['cwd', 'list /private'],
    expect: (seen) => assert.deepEqual([seen.of('cwd'), seen.of('list /private')], ['/locked/home', 'EACCES']),
  },
  {
    name: 'the environment is exactly the listed one, with HOME',
    spec: (spec) => (spec.process.env = ['PATH=/bin', 'A=1', 'EMPTY=', 'B=x=y z']),
    probe: ['env'],
    expect: (seen) =>
      assert.deepEqual(seen.of<string[]>('env').toSorted(), ['A=1', 'B=x=y z', 'EMPTY=', 'HOME=/root', 'PATH=/bin']),
  },
  {
    name: 'HOME that is listed stays',
    spec: (spec) => (spec.process.env = ['HOME=/elsewhere']),
    probe: ['env'],
    expect: (seen) => assert.ok(seen.of<string[]>('env').includes('HOME=/elsewhere')),
  },
  {
    name: 'the program is searched in the PATH of the container',
    spec: (spec) => (spec.process.env = ['PATH=/absent:/bin']),
    run: async (box) => {
      box.spec.process.args = ['echo', 'found it'];
      assert.equal((await box.run()).stdout, 'found it\n');
    },
  },
  {
    name: 'arguments arrive as they are',
    run: async (box) => {
      box.spec.process.args = ['sh', '-c', 'for each; do echo "[$each]"; done', 'name', '', 'a b', '"\'$x', 'é'];
      assert.equal((await box.run()).stdout, '[]\n[a b]\n["\'$x]\n[é]\n');
    },
  },
  {
    name: 'oom_score_adj is set',
    spec: (spec) => (spec.process.oomScoreAdj = 321),
    probe: ['read /proc/self/oom_score_adj'],
    expect: (seen) => assert.equal(seen.of('read /proc/self/oom_score_adj'), '321\n'),
  },
  {
    name: 'the process leads a session of its own',
    probe: ['ids'],
    expect: (seen) => {
      const { pid, sid, pgid } = seen.of<Record<string, number>>('ids');
      assert.deepEqual([sid, pgid], [pid, pid]);
    },
  },
  {
    name: 'no signal is ignored or blocked',
    probe: [status],
    expect: (seen) =>
      assert.deepEqual([seen.status('SigBlk'), seen.status('SigIgn')], ['0'.repeat(16), '0'.repeat(16)]),
  },
  {
    name: 'a relative working folder is refused',
    spec: (spec) => (spec.process.cwd = 'work'),
    run: refused(/cwd/i),
  },
  {
    name: 'no arguments are refused',
    spec: (spec) => (spec.process.args = []),
    run: async (box) => {
      const { code, stderr } = await box.run();
      assert.equal(code, 1);
      assert.match(stderr, /args/);
    },
  },
];
