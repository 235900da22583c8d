import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { ShimConnection } from '../../packages/runtime/src/shim/connection.ts';
import { bench, eventually, journal, run, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { containerPlan, execPlan, makeRoot, paths, plainPlan, processRecords } from './plans.ts';

test('an exec is in the namespaces of the container, with its own input and exit', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', 'echo pid $$; exec sleep 1000']));
  const script = 'hostname; cat; for fd in /proc/self/fd/*; do readlink $fd; done | grep -v -e pipe -e proc; exit 3';
  const started = await shim.start(execPlan(['/bin/sh', '-c', script], { stdin: true }), {
    process: 7,
    output: true,
    stdin: true,
  });
  assert.ok(started.pid > 1);
  await shim.writeStdin(7, Buffer.from('typed\n'));
  await shim.closeStdin(7);
  assert.equal((await listener.exit(7)).code, 3);
  assert.equal(listener.text(7), 'box\ntyped\n');
  assert.equal(listener.text(0), 'pid 1\n');
  assert.deepEqual((await shim.state()).map(({ process, state }) => `${process} ${state}`).toSorted(), [
    '0 running',
    '7 exited',
  ]);
  await shim.signal(0, 9);
  await listener.exit(0);
  assert.deepEqual(
    journal(b.dir).map(({ event, process }) => `${event} ${process}`),
    ['start 0', 'start 7', 'exit 7', 'exit 0'],
  );
});

test('a failed exec leaves the container and the shim as they were', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sleep', '1000']));
  for (let tries = 0; tries < 3; tries++) {
    await assert.rejects(shim.start(execPlan(['/bin/none']), { process: 1, output: true }), { errnoName: 'ENOENT' });
  }
  await assert.rejects(shim.start({ records: [] }, { process: 1 }), { errnoName: 'EINVAL', record: undefined });
  // Still in its own pid namespace: a plain child sees the host's pids.
  const { pid } = await shim.start(execPlan(['/bin/sleep', '1000']), { process: 1, output: true });
  await assert.rejects(shim.start(execPlan(['/bin/true']), { process: 1 }), { errnoName: 'EEXIST' });
  await assert.rejects(shim.start(containerPlan(b.dir, ['/bin/true'])), { errnoName: 'EEXIST' });
  assert.ok(pid > 1);
  await shim.signal(1, 15);
  assert.equal((await listener.exit(1)).signal, 15);
  await assert.rejects(shim.signal(1, 15), { kind: 'failed_precondition', code: 'ESRCH' });
  await assert.rejects(shim.attach(1, { output: true }), { code: 'ESRCH' });
  await shim.signal(0, 9);
  await listener.exit(0);
});

test('the number of an exec that ended can be used again', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sleep', '1000']));
  for (let turn = 1; turn <= 20; turn++) {
    await shim.start(execPlan(['/bin/echo', String(turn)]), { process: 1, output: true });
    await listener.until(() => listener.exits.length === turn);
  }
  assert.equal(listener.text(1), Array.from({ length: 20 }, (_, i) => `${i + 1}\n`).join(''));
  assert.equal((await shim.state()).length, 2);
  await shim.signal(0, 9);
  await listener.exit(0);
});

test('exits of execs come before that of the container, for watchers and in the journal', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sleep', '1000']));
  await Promise.all([1, 2, 3].map((process) => shim.start(execPlan(['/bin/sleep', '1000']), { process })));
  const watcher = new Listener();
  const other = await ShimConnection.connect(paths(b.dir).socket, watcher);
  await other.watch();
  await shim.signal(0, 9);
  await watcher.exit(0);
  assert.deepEqual(watcher.exits.map(({ process }) => process).slice(-1), [0]);
  assert.deepEqual(watcher.exits.map(({ process }) => process).toSorted(), [0, 1, 2, 3]);
  assert.equal(journal(b.dir).at(-1)?.process, 0);
  await listener.exit(0);
  await other.closed;
});

test('an exec after the end of the container is refused with ESRCH', { skip }, async (t) => {
  const b = await bench(t);
  const { shim } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', 'sleep 4 & exit 0']));
  await eventually(() => journal(b.dir).at(-1)?.event === 'exit');
  // The shim is still there, since the background process has its output.
  const exec = { records: processRecords(['/bin/true']) };
  await assert.rejects(shim.start(exec, { process: 1 }), { kind: 'failed_precondition', errnoName: 'ESRCH' });
  await shim.closed;
});

test('a journal that grew long is shortened to what is known', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener, started } = await run(b, containerPlan(b.dir, ['/bin/sleep', '1000']));
  const rounds = 1200;
  for (let turn = 1; turn <= rounds; turn++) {
    await shim.start(execPlan(['/bin/true']), { process: 1 + (turn % 3), output: true });
    await listener.until(() => listener.exits.length === turn);
  }
  assert.ok(statSync(paths(b.dir).journal).size < 64 * 1024);
  const events = journal(b.dir);
  assert.ok(events.some((event) => event.event === 'start' && event.process === 0 && event.pid === started.pid));
  assert.ok(events.filter(({ event }) => event === 'exit').length < rounds);
  await shim.signal(0, 9);
  const exit = await listener.exit(0);
  assert.deepEqual(journal(b.dir).at(-1), { event: 'exit', ...exit });
});
