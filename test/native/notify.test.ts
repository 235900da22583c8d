import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { SYS } from '../../packages/addon/src/call.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { type Bench, bench, descriptorsOf, readOr, run, skip } from './bench.ts';
import { containerPlan, execPlan, makeRoot, plainPlan } from './plans.ts';
import { listenAsAgent } from './seccomp-agent.ts';
import { withHost } from './user-plan.ts';

const c = 'container' as const;
const NEW_LISTENER = 8;
const TSYNC = 1;
const ALLOW = 0x7fff0000;
const NOTIFY = 0x7fc00000;
const mkdir = process.arch === 'arm64' ? SYS.mkdirat : 83;

/** These calls are the agent's to decide, all others are allowed. struct sock_filter: code, jt, jf, k. */
function filter(calls: readonly number[]): Uint8Array {
  const rows = [
    [0x20, 0, 0, 0],
    ...calls.map((call, index) => [0x15, calls.length - index, 0, call]),
    [0x06, 0, 0, ALLOW],
    [0x06, 0, 0, NOTIFY],
  ];
  const bytes = Buffer.alloc(8 * rows.length);
  rows.forEach(([code, jt, jf, k], index) => {
    bytes.writeUInt16LE(code!, 8 * index);
    bytes.writeUInt8(jt!, 8 * index + 2);
    bytes.writeUInt8(jf!, 8 * index + 3);
    bytes.writeUInt32LE(k!, 8 * index + 4);
  });
  return bytes;
}

const seccomp = (calls: readonly number[], flags = NEW_LISTENER): PlanRecord => ({
  kind: 'seccomp',
  track: c,
  flags,
  program: filter(calls),
});
const connect = (path: string): PlanRecord => ({
  kind: 'notify_connect',
  track: 'host',
  path,
  head: '{"pid":',
  tail: ',"state":"é"}',
});

function notified(b: Bench, script: string, record = seccomp([mkdir]), socket = join(b.dir, 'agent')) {
  makeRoot(b.dir);
  const plan = containerPlan(b.dir, ['/bin/sh', '-c', script], { stdin: true });
  plan.records.splice(-1, 0, record);
  return withHost(plan, [connect(socket)]);
}

test('an agent decides about the calls of a container', { skip }, async (t) => {
  const b = await bench(t);
  using agent = listenAsAgent(join(b.dir, 'agent'));
  const script = 'mkdir /refused; mkdir /made && ls -d /made; read line';
  const { shim, listener, started } = await run(b, notified(b, script));
  assert.equal(agent.receive(), `{"pid":${started.pid},"state":"é"}`);
  const refused = agent.next();
  assert.equal(refused.call, mkdir);
  agent.answer(refused, 122);
  const made = agent.next();
  agent.answer(made, 'continue');
  await listener.until(() => listener.text() === '/made\n');
  assert.match(listener.text(0, 'stderr'), /quota/i);
  // Neither the agent's socket nor the listener is the program's, nor another thread or process of ours.
  assert.equal(descriptorsOf(started.pid).length, 3 + 2);
  assert.match(readOr(`/proc/${started.pid}/status`), /^Threads:\t1$/m);
  await shim.closeStdin(0);
  await listener.exit();
});

test('execs have a listener of their own', { skip }, async (t) => {
  const b = await bench(t);
  using agent = listenAsAgent(join(b.dir, 'agent'));
  makeRoot(b.dir);
  const { shim, listener } = await run(b, containerPlan(b.dir, ['/bin/sh', '-c', 'read line'], { stdin: true }));
  const exec = execPlan(['/bin/sh', '-c', 'mkdir /x']);
  exec.records.splice(-1, 0, seccomp([mkdir], NEW_LISTENER | TSYNC));
  const { pid } = await shim.start(withHost(exec, [connect(join(b.dir, 'agent'))]), { process: 1, output: true });
  assert.equal(JSON.parse(agent.receive()).pid, pid);
  agent.answer(agent.next(), 1);
  assert.equal((await listener.exit(1)).code, 1);
  assert.match(listener.text(1, 'stderr'), /not permitted/);
  await shim.closeStdin(0);
  await listener.exit();
});

test('a filter that asks about everything but its own delivery still delivers', { skip }, async (t) => {
  const b = await bench(t);
  using agent = listenAsAgent(join(b.dir, 'agent'));
  // sendmsg, close, nanosleep, sched_yield, futex, exit, write: what a thread of the process could need.
  const calls = process.arch === 'arm64' ? [211, 57, 101, 124, 98, 93, 64] : [46, 3, 35, 24, 202, 60, 1];
  const plan = withHost(plainPlan(b.dir, ['/bin/busybox', 'true']), [connect(join(b.dir, 'agent'))]);
  plan.records.splice(-1, 0, seccomp(calls));
  const { listener } = await run(b, plan);
  assert.match(agent.receive(), /^\{"pid":\d+,/);
  await listener.exit();
});

test('an agent that is not there fails the start, and so does none at all', { skip }, async (t) => {
  const b = await bench(t);
  const plan = notified(b, 'true');
  const at = plan.records.findIndex(({ kind }) => kind === 'notify_connect');
  await assert.rejects(run(b, plan), { errnoName: 'ENOENT', record: at });
  const alone = plan.records.filter(({ kind }) => kind !== 'notify_connect');
  await assert.rejects(run(b, { records: alone }), { errnoName: 'EDESTADDRREQ', record: alone.length - 2 });
  using _ = listenAsAgent(join(b.dir, 'agent'));
  const empty: PlanRecord = { kind: 'seccomp', track: c, flags: NEW_LISTENER, program: new Uint8Array(8) };
  const bad = plan.records.map((record) => (record.kind === 'seccomp' ? empty : record));
  await assert.rejects(run(b, { records: bad }), { errnoName: 'EINVAL', record: bad.length - 2 });
});
