import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { type Ask, StartFailure } from '../../packages/runtime/src/shim/message.ts';
import { ShimConnection } from '../../packages/runtime/src/shim/connection.ts';
import { container, host, shell, withRecords } from './attached.ts';
import { type Bench, bench, eventually, journal, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { paths, plainPlan, processRecords } from './plans.ts';

const created = 4;

/** Asks on the host track while the process waits for it. */
function asking(b: Bench, token: number, keep: number, argv: readonly string[] = ['/bin/busybox', 'true']) {
  return withRecords(plainPlan(b.dir, argv), questions(token, keep));
}

function questions(token: number, keep: number): PlanRecord[] {
  return [
    { kind: 'ask', track: host, token, keep },
    { kind: 'post', track: host, token: 1 },
    { kind: 'wait', track: container, token: 1 },
  ];
}

function indexOf({ records }: { readonly records: readonly PlanRecord[] }, kind: string): number {
  return records.findIndex((record) => record.kind === kind);
}

test('a plan asks its client with the pid and goes on when it is answered', { skip }, async (t) => {
  const b = await bench(t);
  const asks: Ask[] = [];
  const listener = Object.assign(new Listener(), {
    onAsk: async (ask: Ask) => {
      asks.push(ask);
      await sleep(20);
    },
  });
  const shim = await b.launcher.shim(listener);
  const { pid } = await shim.start(asking(b, 2, 0, shell('exit 3')), { watch: true });
  assert.deepEqual(asks, [{ token: 2, pid, process: 0 }]);
  assert.equal((await listener.exit()).code, 3);
});

test('a refusal fails the start at the question, with its reason as the cause', { skip }, async (t) => {
  const b = await bench(t);
  const plan = asking(b, 2, 0);
  const reason = new Error('not today');
  const shim = await b.launcher.shim({ onAsk: () => Promise.reject(reason) });
  const error = await shim.start(plan).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof StartFailure);
  assert.deepEqual([error.record, error.errnoName, error.cause], [indexOf(plan, 'ask'), 'ECANCELED', reason]);
});

test('a question that nobody listens for is refused', { skip }, async (t) => {
  const b = await bench(t);
  const shim = await b.launcher.shim();
  await assert.rejects(shim.start(asking(b, 2, 0)), { errnoName: 'ECANCELED' });
});

test('several questions of a plan are asked one after the other', { skip }, async (t) => {
  const b = await bench(t);
  const asks: number[] = [];
  const listener = Object.assign(new Listener(), { onAsk: async ({ token }: Ask) => void asks.push(token) });
  const plan = asking(b, 1, 0);
  plan.records.splice(indexOf(plan, 'ask'), 0, { kind: 'ask', track: host, token: 3, keep: 0 });
  plan.records.splice(1, 0, { kind: 'ask', track: host, token: 2, keep: 0 });
  const shim = await b.launcher.shim(listener);
  await shim.start(plan, { watch: true });
  await listener.exit();
  assert.deepEqual(asks, [2, 3, 1]);
});

test('create resolves when the process waits, and release lets it run', { skip }, async (t) => {
  const b = await bench(t);
  const listener = new Listener();
  const shim = await b.launcher.shim(listener);
  const process = await shim.create(asking(b, created, 1, shell('echo on')), { output: true });
  const [state] = await shim.state();
  assert.deepEqual([state?.state, state?.pid, state?.exit], ['created', process.pid, undefined]);
  assert.deepEqual(journal(b.dir), []);
  await sleep(50);
  assert.equal(listener.text(), '');
  assert.equal((await process.release()).pid, process.pid);
  await listener.exit();
  assert.equal(listener.text(), 'on\n');
});

test('create of a plan that does not stop is refused', { skip }, async (t) => {
  const b = await bench(t);
  const failing = await b.launcher.shim();
  await assert.rejects(failing.create(plainPlan(b.dir, ['/nonexistent'])), { code: 'start_failed' });
  // What was started all the same ends, and its shim with it.
  const shim = await b.launcher.shim();
  await assert.rejects(shim.create(plainPlan(b.dir, ['/bin/busybox', 'true'])), { kind: 'invalid_argument' });
});

test('a created process outlives its client, and any other lets it run', { skip }, async (t) => {
  const b = await bench(t);
  const first = await b.launcher.shim();
  const { pid } = await first.create(asking(b, created, 1, shell('exit 4')));
  await first.close();
  const listener = new Listener();
  const shim = await ShimConnection.connect(paths(b.dir).socket, listener);
  await shim.watch();
  assert.deepEqual(
    (await shim.state()).map((one) => [one.state, one.pid]),
    [['created', pid]],
  );
  await shim.answer(0, 0);
  assert.equal((await listener.exit()).code, 4);
  assert.deepEqual(
    journal(b.dir).map(({ event }) => event),
    ['start', 'exit'],
  );
});

test('a created process whose client is gone can be refused by any other', { skip }, async (t) => {
  const b = await bench(t);
  const first = await b.launcher.shim();
  await first.create(asking(b, created, 1));
  await first.close();
  const shim = await ShimConnection.connect(paths(b.dir).socket);
  await shim.answer(0, 125);
  await shim.closed;
  assert.deepEqual(
    journal(b.dir).map(({ event }) => event),
    ['fail'],
  );
});

test('a created process that is killed is a failed start', { skip }, async (t) => {
  const b = await bench(t);
  const shim = await b.launcher.shim();
  const process = await shim.create(asking(b, created, 1));
  await shim.signal(0, 9);
  await assert.rejects(process.release(), { code: 'start_failed', errnoName: 'ECHILD' });
});

test('a client that is lost while a plan asks it ends the start', { skip }, async (t) => {
  const b = await bench(t);
  const asked = Promise.withResolvers<number>();
  const shim = await b.launcher.shim({ onAsk: ({ pid }) => asked.resolve(pid) });
  const failed = assert.rejects(shim.start(asking(b, 2, 0)), { code: 'shim_gone' });
  const pid = await asked.promise;
  await shim.close();
  await failed;
  await eventually(() => !existsSync(`/proc/${pid}`) && !existsSync(paths(b.dir).socket));
});

test('an exec may ask, and a lost client ends only it', { skip }, async (t) => {
  const b = await bench(t);
  const first = await b.launcher.shim();
  await first.start(plainPlan(b.dir, ['/bin/busybox', 'sleep', '1000']));
  const exec = withRecords({ records: processRecords(['/bin/busybox', 'true']) }, questions(1, 0));
  const listener = Object.assign(new Listener(), { onAsk: async () => undefined });
  const second = await ShimConnection.connect(paths(b.dir).socket, listener);
  await second.start(exec, { process: 1, output: true });
  await listener.exit(1);
  const asked = Promise.withResolvers<number>();
  const third = await ShimConnection.connect(paths(b.dir).socket, { onAsk: ({ pid }) => asked.resolve(pid) });
  const failed = assert.rejects(third.start(exec, { process: 2 }), { code: 'shim_gone' });
  const pid = await asked.promise;
  await assert.rejects(second.answer(2, 0), { kind: 'failed_precondition' }, 'only its own client may answer');
  await third.close();
  await failed;
  await eventually(() => !existsSync(`/proc/${pid}`));
  assert.deepEqual(
    (await first.state()).filter((one) => one.process !== 1).map((one) => one.state),
    ['running'],
  );
  await assert.rejects(first.answer(0, 0), { kind: 'failed_precondition' });
  await first.signal(0, 9);
});

test('answers that answer nothing, and bad ones, harm nobody', { skip }, async (t) => {
  const b = await bench(t);
  const shim = await b.launcher.shim();
  const process = await shim.create(asking(b, created, 1, ['/bin/busybox', 'sleep', '1000']));
  await assert.rejects(shim.answer(5, 0), { kind: 'failed_precondition' });
  await process.release();
  await assert.rejects(shim.answer(0, 0), { kind: 'failed_precondition' });
  await shim.signal(0, 9);
});
