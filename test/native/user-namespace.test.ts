import assert from 'node:assert/strict';
import { chmodSync, chownSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { type Bench, bench, readOr, run, skip } from './bench.ts';
import { CLONE, execPlan, makeRoot, plainPlan } from './plans.ts';
import { becomeRoot, firstId, mapRecords, NEWTIME, NEWUSER, userPlan, withHost } from './user-plan.ts';

const c = 'container' as const;

const linkOf = (pid: number, type: string) => readlinkSync(`/proc/${pid}/ns/${type}`);

/** A root that ids from firstId on may enter, as its owners. */
function openRoot(b: Bench): string {
  const root = makeRoot(b.dir);
  chmodSync(b.dir, 0o755);
  for (const path of ['', 'bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) chownSync(join(root, path), firstId, firstId);
  return root;
}

const look = [
  'echo pid $$ user `id -u`:`id -g`',
  'head -n 1 /proc/self/uid_map | tr -s " "',
  'hostname',
  'stat -c "%n %u %g %a" /dev/null /proc/1 /dev/pts /sys /dev/shm /dev/mqueue',
  'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
  'echo 1 > /proc/sys/net/ipv4/ip_unprivileged_port_start || echo read-only',
  'echo > /new || echo sealed',
  'ls /sys/firmware',
  'echo > /dev/null && echo reopened > /proc/self/fd/1',
].join('; ');

test('a container in its own user namespace has everything another one has', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, started, shim } = await run(
    b,
    userPlan(b.dir, openRoot(b), ['/bin/sh', '-c', `${look}; read line`], { stdin: true }),
  );
  await listener.until(() => listener.text().includes('reopened'));
  assert.match(readOr(`/proc/${started.pid}/status`), new RegExp(`^Uid:\t${firstId}\t`, 'm'));
  assert.deepEqual(listener.text().split('\n').slice(0, -1), [
    'pid 1 user 0:0',
    ` 0 ${firstId} 65536`,
    'mapped',
    '/dev/null 65534 65534 666',
    '/proc/1 0 0 555',
    '/dev/pts 0 0 755',
    '/sys 65534 65534 555',
    '/dev/shm 0 0 1777',
    '/dev/mqueue 0 0 1777',
    '0',
    'read-only',
    'sealed',
    'reopened',
  ]);
  await shim.closeStdin(0);
  await listener.exit();
});

test('a container in its own user namespace has a terminal', { skip }, async (t) => {
  const b = await bench(t);
  const script = 'tty; stat -c "%u %g %a" /dev/pts/0 /dev/console; stty size';
  const plan = userPlan(b.dir, openRoot(b), ['/bin/sh', '-c', script], { terminal: true });
  const { listener } = await run(b, plan);
  await listener.exit();
  assert.equal(listener.text().replaceAll('\r', ''), '/dev/pts/0\n0 5 620\n0 5 620\n24 80\n');
});

test('an exec enters the user namespace with all others', { skip }, async (t) => {
  const b = await bench(t);
  const plan = userPlan(b.dir, openRoot(b), ['/bin/sh', '-c', 'read line'], { stdin: true });
  const { shim, listener } = await run(b, plan);
  const setns = { kind: 'setns', track: c, path: '', flags: NEWUSER | CLONE.NEWNS | CLONE.NEWUTS } as const;
  const exec = execPlan(['/bin/sh', '-c', 'id -u; hostname; echo again > /proc/self/fd/1']);
  const records = exec.records.flatMap((record): PlanRecord[] =>
    record.kind === 'setns' ? [setns, { kind: 'user', track: c, uid: 0, gid: 0 }] : [record],
  );
  await shim.start({ records }, { process: 1, output: true });
  await listener.exit(1);
  assert.equal(listener.text(1), '0\nmapped\nagain\n');
  await shim.closeStdin(0);
  await listener.exit();
});

/** A joined user namespace is somebody's: here of a sleeping process. */
async function sleeper(b: Bench): Promise<{ pid: number; end: () => Promise<unknown> }> {
  const plan = withHost(
    plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000'], { flags: NEWUSER, inside: becomeRoot }),
    [],
    mapRecords,
  );
  const { shim, listener, started } = await run(b, plan);
  return { pid: started.pid, end: () => shim.signal(0, 9).then(() => listener.exit()) };
}

test(
  'a process born into a joined user namespace is the first of a pid namespace that belongs to it',
  { skip },
  async (t) => {
    const b = await bench(t);
    const other = await bench(t);
    const root = openRoot(b);
    const { pid, end } = await sleeper(other);
    const { records } = userPlan(b.dir, root, ['/bin/sh', '-c', 'echo $$ `id -u`; read line'], { stdin: true });
    const joining = records
      .filter((record) => !('path' in record && /^[ug]id_map$/.test(String(record.path))))
      .filter((record) => record.kind !== 'post' && record.kind !== 'wait')
      .map((record) => (record.kind === 'spawn' ? { ...record, flags: CLONE.NEWPID } : record));
    const at = joining.findIndex(({ kind }) => kind === 'spawn');
    joining.splice(at, 0, { kind: 'join_early', track: 'host', path: `/proc/${pid}/ns/user` });
    const { listener, started, shim } = await run(b, { records: joining });
    await listener.until(() => listener.text() === '1 0\n');
    assert.equal(linkOf(started.pid, 'user'), linkOf(pid, 'user'));
    assert.notEqual(linkOf(started.pid, 'pid'), linkOf(pid, 'pid'));
    assert.match(readOr(`/proc/${started.pid}/status`), new RegExp(`^Uid:\t${firstId}\t`, 'm'));
    const parent = readOr(`/proc/${started.pid}/stat`).split(' ')[3]!;
    assert.equal(readOr(`/proc/${parent}/comm`), 'berth-shim\n');
    await shim.closeStdin(0);
    assert.equal((await listener.exit()).code, 1, 'read at the end of its input');
    await end();
  },
);

test('what is no namespace cannot be joined, and fails the start', { skip }, async (t) => {
  const b = await bench(t);
  const joining = (path: string) =>
    withHost(plainPlan(b.dir, ['/bin/true'], { flags: CLONE.NEWPID }), [{ kind: 'join_early', track: 'host', path }]);
  await assert.rejects(run(b, joining('/nonexistent')), { errnoName: 'ENOENT', record: 2 });
  await assert.rejects(run(b, joining('/etc/passwd')), { errnoName: 'EINVAL', record: 3 });
});

test('clocks of a time namespace have offsets, written before the process changes its user', { skip }, async (t) => {
  const b = await bench(t);
  const root = openRoot(b);
  const plan = userPlan(b.dir, root, ['/bin/sh', '-c', 'cat /proc/self/timens_offsets; cat /proc/uptime']);
  const at = plan.records.findIndex(({ kind }) => kind === 'user');
  plan.records.splice(
    at,
    0,
    { kind: 'unshare', track: c, flags: NEWTIME },
    { kind: 'write_file', track: c, path: '/proc/self/timens_offsets', data: 'boottime 10000000 5\nmonotonic 7 0\n' },
    { kind: 'setns', track: c, flags: NEWTIME, path: '/proc/self/ns/time_for_children' },
  );
  const { listener } = await run(b, plan);
  await listener.exit();
  const [, boot, uptime] = /boottime +(\d+) +5\n(\d+)\./.exec(listener.text().replace(/^monotonic.*\n/, '')) ?? [];
  assert.equal(boot, '10000000', listener.text());
  assert.ok(Number(uptime) > 10_000_000);
});
