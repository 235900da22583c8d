import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, containerPlan, journal, makeRoot, plainPlan, run, skip } from './fixture.ts';

test('a program starts, its output and exit code come, and the shim ends', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, started, shim } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7']));
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
});

test('a container sees its own root, devices, host name and masked paths', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const script = 'hostname; echo $$; ls /dev; cat /proc/kcore | head -c 4; ls /proc/scsi /proc/irq; stat -c %a.%u.%g /run/made; echo x > /proc/sys/kernel/hostname; ls /old 2>&1';
  const { listener, started } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', script]));
  await listener.exit();
  console.log(listener.text(), listener.text(0, 'stderr'));
  console.table(containerPlan(b.dir, ['x']).records.map((record, i) => ({ kind: record.kind, us: (started.report[i]?.nanoseconds ?? 0) / 1000 })));
});
