import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { inContainer, list, onHost, soft } from '../compile/step.ts';
import type { Plan } from '../plan/record.ts';
import { describeRecord } from './describe.ts';
import { explain, nameStep } from './explain.ts';
import { printPlan } from './print.ts';
import { remedy } from './remedy.ts';

const { errno } = constants;
const execve = inContainer('execve', {
  candidates: list(['/bin/sh']),
  argv: list(['sh', '-c', 'a b']),
  env: '',
});
const bind = inContainer('bind_mount', {
  recursive: 1,
  set: 1,
  clear: 0,
  propagation: 0x44000,
  recursiveAttributes: 0,
  source: '/a',
  target: '/b',
});
const plan: Plan = {
  records: [
    onHost('spawn', { flags: 0x2000_0000, cgroup: '' }),
    onHost('cgroup_attach', { path: '/c/cgroup.procs' }),
    inContainer('wait', { token: 1 }),
    bind,
    soft(inContainer('umask', { mask: 0o22 })),
    execve,
  ],
};

describe('a plan in words', () => {
  test('has a line a record', () => {
    assert.equal(
      printPlan(plan),
      [
        '0 host      spawn CLONE_NEWPID',
        '1 host      cgroup_attach /c/cgroup.procs',
        '2 container wait 1',
        '3 container bind_mount /a on /b rbind,ro,rprivate',
        '4 container umask 022 (may fail)',
        '5 container execve sh -c "a b" from /bin/sh',
        '',
      ].join('\n'),
    );
  });

  test('shows times, and keeps waiting apart from work', () => {
    const report = [1000, 2000, 9000, 500, 500, 0].map((nanoseconds) => ({
      errno: 0,
      ran: true,
      nanoseconds,
    }));
    const text = explain(plan, report);
    assert.match(text, /host: 3\.0 us/);
    assert.match(text, /container: 1\.0 us, and 9\.0 us of waiting/);
  });

  test('names the step that failed, and says what to do', () => {
    const failed = { record: 3, errno: errno.ENOENT };
    const report = plan.records.map((_, index) => ({
      errno: index === 3 ? errno.ENOENT : 0,
      ran: index <= 3,
      nanoseconds: 1,
    }));
    const text = explain(plan, report, failed);
    assert.match(text, /^>3/m);
    assert.match(text, /not run/);
    assert.match(text, /bind source \/a does not exist/);
    assert.equal(nameStep(plan, failed), 'step 3, bind_mount /a on /b rbind,ro,rprivate: ENOENT');
  });

  test('flags without a name are shown as numbers', () => {
    assert.equal(describeRecord(onHost('spawn', { flags: 0x2000_0001, cgroup: '' })), 'spawn CLONE_NEWPID|0x1');
  });
});

describe('remedies', () => {
  test('a missing program is 127, one that may not run is 126', () => {
    assert.deepEqual([remedy(execve, errno.ENOENT).exitCode, remedy(execve, errno.EACCES).exitCode], [127, 126]);
    assert.match(remedy(execve, errno.ENOENT).hint ?? '', /\/bin/);
  });

  test('kinds are those that the wires know', () => {
    const cases = [
      [inContainer('chdir', { path: '/x' }), errno.ENOENT, 'invalid_argument'],
      [onHost('cgroup_attach', { path: '/x' }), errno.ENOENT, 'not_found'],
      [onHost('write_file', { path: '/sys/fs/cgroup/x', data: '1' }), errno.EINVAL, 'invalid_argument'],
      [
        inContainer('fs_mount', { attributes: 0, mode: 0, type: 'proc', target: '/proc', options: '' }),
        errno.EPERM,
        'permission_denied',
      ],
      [inContainer('user', { uid: 1, gid: 1 }), errno.EINVAL, 'invalid_argument'],
      [inContainer('setsid', {}), errno.EPERM, 'internal'],
    ] as const;
    for (const [record, number, kind] of cases) assert.equal(remedy(record, number).kind, kind, record.kind);
  });

  test('a program of the plan is told by its exit status, or by its timeout', () => {
    const hook = inContainer('hook', { timeout: 5, path: '/h', argv: '', env: '', cwd: '', head: '', tail: '' });
    assert.match(remedy(hook, 256 + 3).message, /hook \/h failed: exit status 3/);
    assert.equal(remedy(hook, errno.ETIMEDOUT).kind, 'deadline_exceeded');
    assert.equal(remedy(hook, errno.ENOENT).kind, 'not_found');
  });

  test('a program that is missed before the start is told in the words of one that is missed after', () => {
    const check = inContainer('program_check', { candidates: list(['/bin/nope', '/usr/bin/nope']) });
    assert.deepEqual([remedy(check, errno.ENOENT).exitCode, remedy(check, errno.EACCES).exitCode], [127, 126]);
    assert.match(remedy(check, errno.ENOENT).message, /program nope/);
  });

  test('sources that the host opens, and those who should listen, have words too', () => {
    const tree = { slot: 1, recursive: 0, set: 0, clear: 0, propagation: 0, recursiveAttributes: 0 };
    const open = onHost('tree_open', {
      ...tree,
      recursiveMapping: 0,
      source: '/a',
      uidMap: '0 1 1\n',
      gidMap: '0 1 1\n',
    });
    assert.match(remedy(open, errno.EINVAL).message, /cannot be idmapped/);
    assert.match(remedy(open, errno.ENOENT).message, /bind source \/a does not exist/);
    const agent = onHost('notify_connect', { path: '/agent', head: '', tail: '' });
    assert.equal(remedy(agent, errno.ECONNREFUSED).kind, 'failed_precondition');
    assert.equal(remedy(onHost('join_process', { pid: 3 }), errno.ESRCH).kind, 'not_found');
    assert.equal(
      remedy(inContainer('cpu_affinity', { cpus: new Uint8Array(8) }), errno.EINVAL).kind,
      'invalid_argument',
    );
  });

  test('files of /proc say which setting they do not take', () => {
    const write = (path: string, data: string) => inContainer('write_file', { path, data });
    assert.match(
      remedy(onHost('write_file', { path: 'uid_map', data: '0 1 1\n' }), errno.EPERM).message,
      /uid_map: 0 1 1$/,
    );
    assert.match(remedy(write('/proc/self/timens_offsets', 'monotonic -9 0\n'), errno.ERANGE).message, /time offsets/);
    assert.match(remedy(write('/proc/self/attr/apparmor/exec', 'exec p'), errno.ENOENT).message, /does not know p$/);
    const terminal = inContainer('terminal', { rows: 0, columns: 0, uid: 0, gid: 0, console: 1 });
    assert.match(remedy(terminal, errno.EXDEV).message, /devpts/);
  });
});
