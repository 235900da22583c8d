import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShimConnection } from '../../packages/runtime/src/shim/connection.ts';
import { bench, eventually, run, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { paths, plainPlan, program } from './plans.ts';

const shell = (script: string) => ['/bin/busybox', 'sh', '-c', script];

/** The bytes of programs/pour.c. */
function poured(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function checksum(bytes: Uint8Array, sum = 0): number {
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return sum;
}

test('64 MiB of binary output arrive unchanged, and the exit behind them', { skip }, async (t) => {
  const b = await bench(t);
  const size = 64 << 20;
  let [seen, sum, seenAtExit] = [0, 0, -1];
  const shim = await b.launcher.shim({
    onOutput: ({ bytes }) => {
      seen += bytes.length;
      sum = checksum(bytes, sum);
    },
    onExit: () => (seenAtExit = seen),
  });
  const began = performance.now();
  await shim.start(plainPlan(b.dir, [program('pour'), String(size)]), { output: true });
  await shim.closed;
  t.diagnostic(`${((64 * 1000) / (performance.now() - began)).toFixed(0)} MiB/s with checksum`);
  assert.equal(seen, size);
  assert.equal(seenAtExit, size);
  assert.equal(sum, checksum(poured(size)));
});

test('a client that does not read stops the process, and loses nothing', { skip }, async (t) => {
  const b = await bench(t);
  const size = 8 << 20;
  let seen = 0;
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const shim = await b.launcher.shim({
    onOutput: ({ bytes }) => {
      seen += bytes.length;
      return gate;
    },
  });
  const { pid } = await shim.start(plainPlan(b.dir, [program('pour'), String(size)]), { output: true });
  await sleep(500);
  // Blocked in its write: the shim took 256 KiB, and the two sockets' and the pipe's buffers are full.
  assert.match(readFileSync(`/proc/${pid}/stat`, 'utf8'), /\) S/);
  const shimPid = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3]!;
  const memory = Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${shimPid}/smaps_rollup`, 'utf8'))![1]);
  assert.ok(memory < 1200, `${memory} KiB`);
  release();
  await shim.closed;
  assert.equal(seen, size);
});

test('a slow client does not stop the log of others once it is gone', { skip }, async (t) => {
  const b = await bench(t);
  const log = paths(b.dir).log;
  const shim = await b.launcher.shim({ onOutput: () => new Promise<void>(() => undefined) });
  await shim.start(plainPlan(b.dir, shell('seq 1 200000; echo end'), { log }), { output: true });
  await sleep(300);
  assert.doesNotMatch(readFileSync(log, 'utf8'), / end\n$/);
  await shim.close();
  await eventually(() => readFileSync(log, 'utf8').endsWith(' stdout F end\n'));
});

test('large input arrives unchanged, at the pace of the process, and ends with STDIN_CLOSE', { skip }, async (t) => {
  const b = await bench(t);
  const input = poured(16 << 20);
  const { shim, listener } = await run(b, plainPlan(b.dir, [program('pour'), '-sum'], { stdin: true }));
  await shim.writeStdin(0, input);
  await shim.closeStdin(0);
  await listener.exit();
  assert.equal(listener.text(), `${input.length} ${checksum(input)}\n`);
});

test('input is held back while the process does not read, and dropped when it dies', { skip }, async (t) => {
  const b = await bench(t);
  const { shim, listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000'], { stdin: true }));
  let written = false;
  const writing = shim.writeStdin(0, new Uint8Array(4 << 20)).then(
    () => (written = true),
    () => undefined,
  );
  await sleep(400);
  assert.equal(written, false);
  const other = await ShimConnection.connect(paths(b.dir).socket);
  await other.signal(0, 9);
  await listener.exit();
  await writing;
  await other.close();
});

test('a process that closes its input does not end the connection', { skip }, async (t) => {
  const b = await bench(t);
  const { shim, listener } = await run(b, plainPlan(b.dir, shell('exec 0<&-; sleep 0.3; echo on'), { stdin: true }));
  await shim.writeStdin(0, new Uint8Array(1 << 20));
  await shim.closeStdin(0);
  assert.equal((await listener.exit()).code, 0);
  assert.equal(listener.text(), 'on\n');
});

test('without stdin the process reads end of file at once', { skip }, async (t) => {
  const b = await bench(t);
  const { listener } = await run(b, plainPlan(b.dir, shell('cat; echo end')));
  await listener.exit();
  assert.equal(listener.text(), 'end\n');
});

test('input that was sent before a client left is read to its end', { skip }, async (t) => {
  const b = await bench(t);
  const script = 'sleep 0.5; cat | wc -c; echo end';
  const { shim, listener } = await run(b, plainPlan(b.dir, shell(script), { stdin: true }));
  const other = await ShimConnection.connect(paths(b.dir).socket);
  await other.attach(0, { stdin: true });
  await other.writeStdin(0, new Uint8Array(100_000));
  await other.closeStdin(0);
  await other.close();
  await listener.exit();
  assert.equal(listener.text(), '100000\nend\n');
  await shim.close();
});

test('the death of a client does not close the input', { skip }, async (t) => {
  const b = await bench(t);
  const { shim } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'cat'], { stdin: true }));
  await shim.writeStdin(0, Buffer.from('lost\n'));
  await shim.close();
  const listener = new Listener();
  const next = await ShimConnection.connect(paths(b.dir).socket, listener);
  await next.attach(0, { stdin: true, output: true });
  await next.writeStdin(0, Buffer.from('found\n'));
  await next.closeStdin(0);
  await listener.exit();
  assert.match(listener.text(), /found\n$/);
});

test('the exit waits for a background writer, but not for its silence', { skip }, async (t) => {
  const b = await bench(t);
  const script = '(sleep 0.7; echo late; exec sleep 12) & echo early';
  const { listener, shim } = await run(b, plainPlan(b.dir, shell(script)));
  const watcher = new Listener();
  const other = await ShimConnection.connect(paths(b.dir).socket, watcher);
  await other.watch();
  const began = Date.now();
  await listener.exit();
  assert.equal(listener.text(), 'early\nlate\n');
  const waited = Date.now() - began;
  assert.ok(waited > 2000 && waited < 11_000, `${waited} ms`);
  await shim.closed;
  await other.closed;
});

test('watchers are told at once when output is still to come', { skip }, async (t) => {
  const b = await bench(t);
  const shim = await b.launcher.shim();
  await shim.start(plainPlan(b.dir, shell('sleep 5 & sleep 0.3')), {});
  const watcher = new Listener();
  const other = await ShimConnection.connect(paths(b.dir).socket, watcher);
  await other.watch();
  const began = Date.now();
  await watcher.exit();
  // With the grace that the exit has for writers it would be two seconds more.
  assert.ok(Date.now() - began < 2000);
  await shim.closed;
  await other.closed;
});

test('two clients get the same output', { skip }, async (t) => {
  const b = await bench(t);
  const { shim, listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'cat'], { stdin: true }));
  const second = new Listener();
  const other = await ShimConnection.connect(paths(b.dir).socket, second);
  await other.attach(0, { stdin: true, output: true });
  await shim.writeStdin(0, Buffer.from('one\n'));
  await listener.until(() => listener.text() === 'one\n');
  await other.writeStdin(0, Buffer.from('two\n'));
  await listener.until(() => listener.text() === 'one\ntwo\n');
  await other.closeStdin(0);
  await listener.exit();
  await second.exit();
  assert.equal(second.text(), 'one\ntwo\n');
});
