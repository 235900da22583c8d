import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { StartFailure } from '../../packages/runtime/src/shim/message.ts';
import { container, hook, shell } from './attached.ts';
import { type Bench, bench, eventually, isDead, readOr, run, skip } from './bench.ts';
import { plainPlan, program } from './plans.ts';

/** How the start fails that has this record before its program. */
async function failureOf(b: Bench, record: PlanRecord): Promise<StartFailure> {
  const plan = plainPlan(b.dir, ['/bin/busybox', 'true'], { inside: [record] });
  const error = await run(b, plan).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof StartFailure, String(error));
  assert.equal(error.record, plan.records.indexOf(record));
  return error;
}

test('a hook gets the state with the pid on its input, its environment and its folder', { skip }, async (t) => {
  const b = await bench(t);
  const script = `{ cat; echo; env; pwd; } > ${b.dir}/seen`;
  const record = hook(shell(script), { cwd: b.dir });
  const { started, listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'true'], { inside: [record] }));
  await listener.exit();
  const lines = readFileSync(join(b.dir, 'seen'), 'utf8').trim().split('\n');
  assert.equal(lines[0], `{"pid":${started.pid}}`);
  assert.ok(lines.includes('HOOK=yes'));
  assert.equal(lines.at(-1), b.dir);
  assert.equal(listener.text(), '', 'a hook that succeeds says nothing');
});

test('a hook holds its three streams, no ignored or blocked signal, and nothing of the shim', { skip }, async (t) => {
  const b = await bench(t);
  const record = hook(
    shell(`echo $$; cut -d' ' -f1,5 /proc/$$/stat > ${b.dir}/seen; exec ${program('inspect')} >> ${b.dir}/seen`),
  );
  await (await run(b, plainPlan(b.dir, ['/bin/busybox', 'true'], { inside: [record] }))).listener.exit();
  const [numbers, ...lines] = readFileSync(join(b.dir, 'seen'), 'utf8').trim().split('\n');
  assert.deepEqual(lines.slice(0, 3), ['descriptors 0 1 2', 'ignored', 'blocked']);
  const [pid, group] = numbers!.split(' ');
  assert.equal(group, pid, 'a process group of its own');
});

test('a hook that fails is told with its exit status and the end of what it said', { skip }, async (t) => {
  const b = await bench(t);
  const failed = await failureOf(b, hook(shell('echo first; echo last words >&2; exit 7')));
  assert.deepEqual([failed.exitStatus, failed.errno, failed.note], [7, 263, 'first\nlast words']);
  const killed = await failureOf(b, hook(shell('kill -9 $$')));
  assert.deepEqual([killed.exitStatus, killed.note], [137, '']);
  const talker = await failureOf(b, hook(shell('seq 1 100000; echo end; exit 1')));
  assert.ok(talker.note.endsWith('100000\nend') && talker.note.length <= 1000 && talker.note.length > 900);
});

test('a hook that cannot be run is told with the errno of its exec', { skip }, async (t) => {
  const b = await bench(t);
  writeFileSync(join(b.dir, 'plain'), 'x');
  assert.equal((await failureOf(b, hook(['/nonexistent']))).errnoName, 'ENOENT');
  assert.equal((await failureOf(b, hook([join(b.dir, 'plain')]))).errnoName, 'EACCES');
  assert.equal((await failureOf(b, hook(shell('true'), { cwd: '/nonexistent' }))).errnoName, 'ENOENT');
});

test('a hook beyond its time is killed with its process group', { skip }, async (t) => {
  const b = await bench(t);
  const since = Date.now();
  const script = `sleep 1000 & echo $! > ${b.dir}/child; echo waiting; wait`;
  const failed = await failureOf(b, hook(shell(script), { timeout: 1000 }));
  assert.deepEqual([failed.errnoName, failed.note, failed.exitStatus], ['ETIMEDOUT', 'waiting', undefined]);
  assert.ok(Date.now() - since < 60_000);
  const child = readFileSync(join(b.dir, 'child'), 'utf8').trim();
  await eventually(() => isDead(child));
});

test('what a hook leaves in the background does not hold the start', { skip }, async (t) => {
  const b = await bench(t);
  const record = hook(shell(`sleep 1000 & echo $! > ${b.dir}/child`));
  const { listener } = await run(b, plainPlan(b.dir, ['/bin/busybox', 'true'], { inside: [record] }));
  await listener.exit();
  process.kill(Number(readFileSync(join(b.dir, 'child'), 'utf8')), 'SIGKILL');
});

test('a hook need not read its state, however long', { skip }, async (t) => {
  const b = await bench(t);
  const head = `{"filler":"${'x'.repeat(300_000)}","pid":`;
  for (const script of ['exit 0', `head -c 5 > ${b.dir}/five`, `wc -c > ${b.dir}/count`]) {
    const { listener } = await run(
      b,
      plainPlan(b.dir, ['/bin/busybox', 'true'], { inside: [hook(shell(script), { head })] }),
    );
    await listener.exit();
    await eventually(() => readOr(`${b.dir}/s.journal`) !== '');
  }
  assert.equal(readFileSync(join(b.dir, 'five'), 'utf8'), '{"fil');
  assert.ok(Number(readFileSync(join(b.dir, 'count'), 'utf8')) > 300_000);
});

test('a process that is killed in its hook is a failed start, and the hook goes with it', { skip }, async (t) => {
  const b = await bench(t);
  const shim = await b.launcher.shim();
  const plan = plainPlan(b.dir, ['/bin/busybox', 'true'], {
    inside: [hook(shell(`echo $$ > ${b.dir}/hook; exec sleep 1000`))],
  });
  const failed = assert.rejects(shim.start(plan), {
    errnoName: 'ECHILD',
    record: plan.records.findIndex(({ kind }) => kind === 'hook'),
  });
  for (let tries = 0; !existsSync(join(b.dir, 'hook')) && tries < 6000; tries++) await sleep(10);
  await shim.signal(0, 9);
  await failed;
  const pid = readOr(join(b.dir, 'hook')).trim();
  await eventually(() => isDead(pid));
});

test('a program that is not there is found out before anybody waits for it', { skip }, async (t) => {
  const b = await bench(t);
  const check = (...paths: string[]): PlanRecord => ({
    kind: 'program_check',
    track: container,
    candidates: encodeList(paths),
  });
  mkdirSync(join(b.dir, 'folder'));
  writeFileSync(join(b.dir, 'plain'), 'x');
  chmodSync(join(b.dir, 'plain'), 0o644);
  assert.equal((await failureOf(b, check('/nonexistent'))).errnoName, 'ENOENT');
  assert.equal((await failureOf(b, check(join(b.dir, 'folder')))).errnoName, 'EACCES');
  assert.equal((await failureOf(b, check(join(b.dir, 'plain'), '/nonexistent'))).errnoName, 'EACCES');
  assert.equal((await failureOf(b, check(join(b.dir, 'plain', 'x')))).errnoName, 'ENOTDIR');
  const { listener } = await run(
    b,
    plainPlan(b.dir, ['/bin/busybox', 'true'], {
      inside: [check('/nonexistent', join(b.dir, 'plain'), '/bin/busybox')],
    }),
  );
  await listener.exit();
});
