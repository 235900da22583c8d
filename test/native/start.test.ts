import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { StartFailure } from '../../packages/runtime/src/shim/message.ts';
import { bench, descriptorsOf, eventually, journal, readOr, run, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { containerPlan, makeRoot, paths, plainPlan, program } from './plans.ts';

const shell = (script: string) => ['/bin/busybox', 'sh', '-c', script];

test('a program starts, its output and exit code come, and the shim ends', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, started, shim } = await run(b, plainPlan(b.dir, shell('echo out; echo err >&2; exit 7')));
  const exit = await listener.exit();
  assert.equal(exit.code, 7);
  assert.equal(exit.signal, 0);
  assert.equal(listener.text(0), 'out\n');
  assert.equal(listener.text(0, 'stderr'), 'err\n');
  await shim.closed;
  assert.deepEqual(listener.order, ['exit 0', 'close']);
  assert.deepEqual(journal(b.dir), [
    { event: 'start', process: 0, pid: started.pid, at: started.startedAt },
    { event: 'exit', ...exit },
  ]);
  assert.equal(existsSync(paths(b.dir).socket), false);
});

test('a signal is delivered and told in the exit', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, shim } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000']));
  await shim.signal(0, 15);
  const exit = await listener.exit();
  assert.deepEqual([exit.code, exit.signal], [143, 15]);
});

test('a container sees its own root, devices, host name and masked paths', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const script = [
    'hostname; echo $$; echo $(ls /dev); echo [$(ls /proc/irq)]',
    'stat -c %a.%u.%g /run/made; stat -c %a /dev/null',
    'echo x > /proc/sys/kernel/hostname || echo refused',
    'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
    'ls /work; grep -c . /proc/self/mountinfo; grep lo: /proc/net/dev | head -c 6',
  ].join('\n');
  const { listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', script]));
  await listener.exit();
  const lines = listener.text().split('\n');
  assert.deepEqual(lines.slice(0, 8), ['box', '1', 'null ptmx pts tty zero', '[]', '1777.1.2', '666', 'refused', '0']);
  assert.match(lines[9]!, /lo/);
  assert.match(listener.text(0, 'stderr'), /ls: \/work: No such file/);
});

test('a process gets standard descriptors, default signals, an empty mask and nothing else', { skip }, async (t) => {
  const b = await bench(t);
  const { listener } = await run(b, plainPlan(b.dir, [program('inspect')]));
  await listener.exit();
  assert.equal(listener.text(), 'descriptors 0 1 2\nignored\nblocked\numask 022\n');
});

for (const [name, errno, mode] of [
  ['missing', 'ENOENT', undefined],
  ['forbidden', 'EACCES', 0o644],
] as const) {
  test(`a program that is ${name} fails the start with ${errno}`, { skip }, async (t) => {
    const b = await bench(t);
    const path = join(b.dir, name);
    if (mode !== undefined) {
      writeFileSync(path, 'x');
      chmodSync(path, mode);
    }
    const plan = plainPlan(b.dir, [path]);
    const error = await run(b, plan).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof StartFailure);
    assert.equal(error.errnoName, errno);
    assert.equal(error.record, plan.records.length - 1);
    assert.equal(error.report.length, plan.records.length);
    assert.equal(journal(b.dir)[0]?.event, 'fail');
    assert.equal(existsSync(paths(b.dir).socket), false);
  });
}

test('EACCES of one candidate is kept when later ones do not exist', { skip }, async (t) => {
  const b = await bench(t);
  writeFileSync(join(b.dir, 'forbidden'), 'x');
  const plan = plainPlan(b.dir, ['x']);
  const exec = plan.records.pop() as PlanRecord<'execve'>;
  const candidates = (names: string[]) => [...plan.records, { ...exec, candidates: encodeList(names) }];
  const bad = ['/nonexistent/x', join(b.dir, 'forbidden'), '/dev/null/x', '/nonexistent/y'];
  await assert.rejects(run(b, { records: candidates(bad) }), { errnoName: 'EACCES' });
  const { listener } = await run(b, { records: candidates([...bad, '/bin/busybox']) });
  await listener.exit();
});

test('a plan that is not one is refused, and the shim ends', { skip }, async (t) => {
  const b = await bench(t);
  const plan = plainPlan(b.dir, ['/bin/true']);
  const records = plan.records.filter((record) => record.kind !== 'spawn');
  await assert.rejects(run(b, { records }), { code: 'start_failed', errnoName: 'EINVAL', record: undefined });
});

test('a soft record may fail, and its errno is in the report', { skip }, async (t) => {
  const b = await bench(t);
  const plan = plainPlan(b.dir, shell('echo on'));
  plan.records.splice(1, 0, { kind: 'write_file', track: 'host', path: '/nonexistent/file', data: 'x', soft: true });
  const { listener, started } = await run(b, plan);
  await listener.exit();
  assert.equal(listener.text(), 'on\n');
  assert.deepEqual([started.report[1]!.errno, started.report[1]!.ran], [2, true]);
});

test('a process that is killed before its exec is a failed start', { skip }, async (t) => {
  const b = await bench(t);
  const plan = plainPlan(b.dir, ['/bin/true']);
  // Its token never comes, so the process waits until somebody kills it.
  plan.records.splice(3, 0, { kind: 'wait', track: 'container', token: 9 });
  const shim = await b.launcher.shim();
  const failed = assert.rejects(shim.start(plan), { errnoName: 'ECHILD', record: 3 });
  for (let tries = 0; tries < 3000; tries++) {
    await sleep(20);
    if (
      await shim.signal(0, 9).then(
        () => true,
        () => false,
      )
    )
      break;
  }
  await failed;
});

test('post and wait order the two tracks', { skip }, async (t) => {
  const b = await bench(t);
  const file = join(b.dir, 'file');
  writeFileSync(file, '');
  const plan = plainPlan(b.dir, ['/bin/busybox', 'true']);
  const write = (track: 'host' | 'container', data: string): PlanRecord => ({
    kind: 'write_file',
    track,
    path: file,
    data,
  });
  plan.records.splice(
    3,
    0,
    { kind: 'wait', track: 'container', token: 1 },
    write('container', 'bb'),
    { kind: 'post', track: 'container', token: 2 },
    write('host', 'aaa'),
    { kind: 'post', track: 'host', token: 1 },
    { kind: 'wait', track: 'host', token: 2 },
    write('host', 'c'),
  );
  const { listener } = await run(b, plan);
  await listener.exit();
  assert.equal(readOr(file), 'cba');
});

test('a host file below /proc of the new process is written by its relative path', { skip }, async (t) => {
  const b = await bench(t);
  const plan = plainPlan(b.dir, shell('cat /proc/self/oom_score_adj'));
  plan.records.splice(
    3,
    0,
    { kind: 'write_file', track: 'host', path: 'oom_score_adj', data: '321' },
    { kind: 'post', track: 'host', token: 0 },
    { kind: 'wait', track: 'container', token: 0 },
  );
  const { listener } = await run(b, plan);
  await listener.exit();
  assert.equal(listener.text(), '321\n');
});

test('the shim holds nothing but its own descriptors', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, started, shim } = await run(
    b,
    plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000'], { stdin: true, log: paths(b.dir).log }),
  );
  const pid = readOr(`/proc/${started.pid}/stat`).split(' ')[3]!;
  const open = () => descriptorsOf(pid).slice(0, -2);
  assert.equal(readOr(`/proc/${pid}/comm`), 'berth-shim\n');
  assert.deepEqual(open().slice(0, 3), ['/dev/null', '/dev/null', '/dev/null']);
  // The connection, SIGCHLD, journal, log, socket, pidfd and three pipes.
  await eventually(() => open().length === 3 + 9);
  await shim.signal(0, 9);
  await listener.exit();
});

test('a connection that closes before its start is answered leaves nothing', { skip }, async (t) => {
  const b = await bench(t);
  const idle = await b.launcher.shim();
  await idle.close();
  const plan = plainPlan(b.dir, ['/bin/true']);
  plan.records.splice(3, 0, { kind: 'wait', track: 'container', token: 9 });
  const shim = await b.launcher.shim(new Listener());
  const starting = shim.start(plan).catch(() => 'failed');
  await sleep(200);
  await shim.close();
  assert.equal(await starting, 'failed');
  await eventually(() => journal(b.dir)[0]?.event === 'fail');
  await eventually(() => !existsSync(paths(b.dir).socket));
});
