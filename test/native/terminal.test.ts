import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bench, run, skip } from './bench.ts';
import { containerPlan, execPlan, makeRoot } from './plans.ts';

test('a terminal has its size, is the controlling one, and is on /dev/console', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const script = 'stty size; tty; tty < /dev/console; echo tty > /dev/tty; read x; stty size';
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', script], { terminal: true }));
  await listener.until(() => listener.text().includes('tty\r\n'));
  assert.match(listener.text(), /^24 80\r\n\/dev\/pts\/0\r\n\/dev\/(console|pts\/0)\r\ntty\r\n/);
  await shim.resize(0, 50, 132);
  await shim.writeStdin(0, Buffer.from('\r'));
  assert.equal((await listener.exit()).code, 0);
  assert.match(listener.text(), /50 132\r\n$/);
});

test('Ctrl-C interrupts, Ctrl-D ends the input, and closing stdin does nothing', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const script = 'trap "echo caught" INT; echo ready; sleep 1000; cat; echo end';
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', script], { terminal: true }));
  await listener.until(() => listener.text().includes('ready'));
  await shim.closeStdin(0);
  await sleep(500); // until the shell waits for its child: earlier, only the shell would be interrupted
  await shim.writeStdin(0, Buffer.from([3]));
  await listener.until(() => listener.text().includes('caught'));
  await shim.writeStdin(0, Buffer.from('echoed\r'));
  await listener.until(() => (listener.text().match(/echoed/g) ?? []).length === 2);
  await shim.writeStdin(0, Buffer.from([4]));
  assert.equal((await listener.exit()).code, 0);
  assert.match(listener.text(), /end\r\n$/);
});

test('the last output of a terminal comes before the exit', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', 'seq 1 20000'], { terminal: true }));
  await listener.exit();
  assert.match(listener.text(), /\r\n20000\r\n$/);
});

test('a process that closes its terminal for a moment can open it again', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const script = 'exec 0<&- 1>&- 2>&-; sleep 0.5; exec > /dev/console; echo back';
  const { listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', script], { terminal: true }));
  assert.equal((await listener.exit()).code, 0);
  assert.equal(listener.text(), 'back\r\n');
});

test('an exec has a terminal of its own', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sleep', '1000']));
  const plan = execPlan(['/bin/sh', '-c', 'tty; stty size; hostname; readlink /proc/1/exe'], { terminal: true });
  await shim.start(plan, { process: 1, output: true, stdin: true });
  await listener.exit(1);
  assert.equal(listener.text(1), '/dev/pts/0\r\n10 20\r\nbox\r\n/bin/busybox\r\n');
  await assert.rejects(shim.resize(0, 1, 1), { code: 'ENOTTY' });
  await shim.signal(0, 9);
  await listener.exit(0);
});
