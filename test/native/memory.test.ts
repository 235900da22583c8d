import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import type { ShimConnection } from '../../packages/runtime/src/shim/connection.ts';
import { bench, readOr, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { containerPlan, makeRoot } from './plans.ts';

/** KiB. */
function proportional(pid: number): number {
  return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]);
}

test('an idle shim is well below half a MiB', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const shims: { shim: ShimConnection; pid: number; listener: Listener }[] = [];
  for (let index = 0; index < 20; index++) {
    const dir = join(b.dir, String(index));
    mkdirSync(dir);
    const plan = containerPlan(b.dir, ['/bin/sh', '-c', 'echo on; exec sleep 1000']);
    const first = { ...plan.records[0], socket: join(dir, 's'), log: join(dir, 'log') } as PlanRecord;
    const listener = new Listener();
    const shim = await b.launcher.shim(listener);
    const { pid } = await shim.start({ records: [first, ...plan.records.slice(1)] }, { output: true, watch: true });
    shims.push({ shim, pid: Number(readOr(`/proc/${pid}/stat`).split(' ')[3]), listener });
    if (index > 0) continue;
    await sleep(100);
    const alone = proportional(shims[0]!.pid);
    t.diagnostic(`one shim: ${alone} KiB, launcher ${proportional(b.launcher.pid)} KiB`);
    assert.ok(alone < 400, `${alone} KiB`);
  }
  await sleep(100);
  const each = shims.map(({ pid }) => proportional(pid));
  t.diagnostic(`each of 20 shims: ${Math.max(...each)} KiB`);
  assert.ok(Math.max(...each) < 150, each.join(' '));
  for (const { shim, listener } of shims) {
    await shim.signal(0, 9);
    await listener.exit();
    await shim.closed;
  }
});
