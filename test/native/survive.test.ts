import assert from 'node:assert/strict';
import net from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShimConnection } from '../../packages/runtime/src/shim/connection.ts';
import { encodeFrame } from '../../packages/runtime/src/shim/frame.ts';
import { Launcher } from '../../packages/runtime/src/shim/launcher.ts';
import { bench, eventually, journal, run, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { paths, plainPlan } from './plans.ts';

const shell = (script: string) => ['/bin/busybox', 'sh', '-c', script];

test('a container outlives its client and its launcher, and the next client finds it', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const plan = plainPlan(b.dir, shell('echo one; read x; echo $x; exit 5'), { stdin: true, log });
  const { shim, started } = await run(b, plan);
  process.kill(b.launcher.pid, 'SIGKILL');
  await shim.close();
  await sleep(100);
  const listener = new Listener();
  const next = await ShimConnection.connect(paths(b.dir).socket, listener);
  const [state] = await next.state();
  assert.deepEqual(
    [state?.process, state?.state, state?.pid, state?.startedAt],
    [0, 'running', started.pid, started.startedAt],
  );
  await next.watch();
  await next.attach(0, { stdin: true, output: true });
  await next.writeStdin(0, Buffer.from('two\n'));
  assert.equal((await listener.exit()).code, 5);
  assert.equal(listener.text(), 'two\n');
  assert.match(readFileSync(log, 'utf8'), / stdout F one\n.* stdout F two\n$/);
  assert.deepEqual(
    journal(b.dir).map(({ event }) => event),
    ['start', 'exit'],
  );
});

test('a container that ends while nobody is there leaves its exit in the journal', { skip }, async (t) => {
  const b = await bench(t);
  const { shim } = await run(b, plainPlan(b.dir, shell('sleep 0.3; exit 6')));
  await shim.close();
  await sleep(700);
  await eventually(() => journal(b.dir).at(-1)?.event === 'exit');
  const last = journal(b.dir).at(-1);
  assert.ok(last?.event === 'exit' && last.code === 6);
  await assert.rejects(ShimConnection.connect(paths(b.dir).socket), { kind: 'unavailable', code: 'shim_gone' });
});

test('a program that only its client can feed sees the end of its input when that is gone', { skip }, async (t) => {
  const b = await bench(t);
  const [, ...records] = plainPlan(b.dir, shell(`cat >${b.dir}/read; echo end >>${b.dir}/read`), {
    stdin: true,
  }).records;
  const { shim } = await run(b, { records });
  await shim.writeStdin(0, Buffer.from('some '));
  await shim.close();
  await eventually(() => readFileSync(`${b.dir}/read`, 'utf8') === 'some end\n');
});

test('the launcher ends with the process that started it, its shims do not', { skip }, async (t) => {
  const b = await bench(t);
  const socket = `${b.dir}/second`;
  const child = spawn(`/proc/${b.launcher.pid}/exe`, [socket], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const listener = new Listener();
  const shim = await ShimConnection.connect(socket, listener);
  await shim.start(plainPlan(b.dir, ['/bin/busybox', 'cat'], { stdin: true }), { stdin: true, output: true });
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await assert.rejects(ShimConnection.connect(socket), { code: 'shim_gone' });
  await shim.writeStdin(0, Buffer.from('alive\n'));
  await listener.until(() => listener.text() === 'alive\n');
  await shim.closeStdin(0);
  await listener.exit();
});

test('a launcher that cannot start says so', { skip }, async () => {
  const options = { binary: '/bin/false', socket: '/tmp/x' };
  await assert.rejects(Launcher.start(options), { kind: 'unavailable', code: 'launcher_failed' });
  await assert.rejects(Launcher.start({ ...options, binary: '/nonexistent' }), { code: 'launcher_failed' });
});

test('frames that break the protocol close their client and nobody else', { skip }, async (t) => {
  const b = await bench(t);
  const { shim, listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'cat'], { stdin: true }));
  const huge = new Uint8Array(8);
  new DataView(huge.buffer).setUint32(0, 0x7fffffff, true);
  const bad = [
    huge,
    encodeFrame(99, 0),
    encodeFrame(0, 0),
    encodeFrame(5, 0, new Uint8Array(3)),
    encodeFrame(6, 0, new Uint8Array(5)),
    encodeFrame(10, 0, new Uint8Array(3)),
    encodeFrame(72, 0, new Uint8Array(8)),
    encodeFrame(2, 0, new Uint8Array(0), 0xff),
    encodeFrame(3, 0, Buffer.from('not attached')),
    encodeFrame(7, 1024),
  ];
  for (const bytes of bad) {
    const socket = net.connect(paths(b.dir).socket);
    socket.on('error', () => undefined);
    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
  }
  // And half a frame, cut off in the middle.
  const socket = net.connect(paths(b.dir).socket);
  await once(socket, 'connect');
  socket.write(encodeFrame(5, 0, new Uint8Array([9, 0, 0, 0])).subarray(0, 10));
  await sleep(50);
  socket.destroy();
  await shim.writeStdin(0, Buffer.from('alive\n'));
  await listener.until(() => listener.text() === 'alive\n');
  await shim.closeStdin(0);
  assert.equal((await listener.exit()).code, 0);
});

test('adopted children of a container without a pid namespace are reaped', { skip }, async (t) => {
  const b = await bench(t);
  const script = '(sleep 0.2 & sleep 0.2 &) ; (exit 3) ; sleep 0.6; cat /proc/$PPID/task/$PPID/children | wc -w';
  const { listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', script]));
  assert.equal((await listener.exit()).code, 0);
  assert.equal(listener.text(), '1\n');
});
