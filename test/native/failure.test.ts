import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { bench, descriptorsOf, eventually, journal, readOr, run, skip } from './bench.ts';
import { containerPlan, execPlan, makeRoot, paths } from './plans.ts';

/** The plan with its record `index` made to fail. */
function injected(records: readonly PlanRecord[], index: number): { records: PlanRecord[] } {
  return { records: records.map((record, i) => (i === index ? { ...record, inject: true } : record)) };
}

/** Host work beside the process, so that failures there hit a process that is already on its way. */
function withHostWork(records: readonly PlanRecord[], group: string): PlanRecord[] {
  const spawn = records.findIndex((record) => record.kind === 'spawn');
  const exec = records.length - 1;
  return [
    ...records.slice(0, spawn),
    { kind: 'cgroup_create', track: 'host', path: group },
    records[spawn]!,
    { kind: 'cgroup_attach', track: 'host', path: `${group}/cgroup.procs` },
    { kind: 'post', track: 'host', token: 1 },
    ...records.slice(spawn + 1, exec),
    { kind: 'post', track: 'container', token: 2 },
    { kind: 'wait', track: 'host', token: 2 },
    { kind: 'wait', track: 'container', token: 1 },
    ...records.slice(exec),
  ];
}

test('a failure at any record of a container start is told by its index and leaves nothing', { skip }, async (t) => {
  const b = await bench(t);
  const group = `/sys/fs/cgroup/pids/bn-${process.pid}/a`;
  t.after(() => {
    rmdirSync(group);
    rmdirSync(group.slice(0, -2));
  });
  makeRoot(b.dir);
  const { records } = containerPlan(b.dir, ['/bin/sh', '-c', 'echo on'], { terminal: false, log: paths(b.dir).log });
  const full = withHostWork(records, group);
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const descriptors = descriptorsOf(b.launcher.pid).length;
  for (let index = 0; index < full.length; index++) {
    const where = `${index} ${full[index]!.kind}`;
    const error = await run(b, injected(full, index)).then(
      () => undefined,
      (thrown: unknown) => thrown as { record: number; errnoName: string },
    );
    assert.deepEqual([error?.record, error?.errnoName], [index, 'ECANCELED'], where);
    assert.equal(readOr(`${group}/cgroup.procs`), '', where);
    assert.equal(existsSync(paths(b.dir).socket), false, where);
    assert.equal(readFileSync('/proc/self/mounts', 'utf8'), mounts, where);
  }
  assert.equal(descriptorsOf(b.launcher.pid).length, descriptors);
  assert.ok(journal(b.dir).every(({ event }) => event === 'fail'));
  const { listener } = await run(b, { records: full });
  await listener.exit();
  assert.equal(listener.text(), 'on\n');
});

test('a failure at any record of an exec leaves the shim as it was', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const { shim, listener, started } = await run(b, containerPlan(b.dir, ['/bin/sleep', '1000']));
  const shimPid = readOr(`/proc/${started.pid}/stat`).split(' ')[3]!;
  await sleep(100); // what the start itself used is closed behind its answer
  const before = descriptorsOf(shimPid).length;
  for (const terminal of [false, true]) {
    const { records } = execPlan(['/bin/true'], { terminal, stdin: true });
    for (let index = 0; index < records.length; index++) {
      const where = `${index} ${records[index]!.kind}`;
      const failed = shim.start(injected(records, index), { process: 1, stdin: true, output: true });
      await assert.rejects(failed, { record: index, errnoName: 'ECANCELED' }, where);
      // The answer is sent just before the round in which the last of it is closed.
      await eventually(() => descriptorsOf(shimPid).length === before, where);
      assert.equal(readOr(`/proc/${shimPid}/task/${shimPid}/children`).trim(), String(started.pid), where);
    }
  }
  await shim.start(execPlan(['/bin/true']), { process: 1, output: true });
  assert.equal((await listener.exit(1)).code, 0);
  await shim.signal(0, 9);
  await listener.exit(0);
});

test('a record that really fails is told with its errno', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  mkdirSync(`${b.dir}/file`, { recursive: true });
  const c = 'container' as const;
  const cases: [string, PlanRecord][] = [
    [
      'ENOENT',
      {
        kind: 'bind_mount',
        track: c,
        source: '/nonexistent',
        target: '/x',
        recursive: 0,
        set: 0,
        clear: 0,
        propagation: 0,
        recursiveAttributes: 0,
      },
    ],
    ['ENODEV', { kind: 'fs_mount', track: c, type: 'nonsense', target: '/x', options: '', attributes: 0, mode: 0 }],
    ['EINVAL', { kind: 'rlimit', track: c, resource: 99, current: 1, maximum: 1 } as unknown as PlanRecord],
    ['EEXIST', { kind: 'symlink', track: c, target: 'elsewhere', path: '/bin/sh' }],
    ['EEXIST', { kind: 'mknod', track: c, path: '/bin/sh', mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 }],
    ['EINVAL', { kind: 'seccomp', track: c, flags: 0, program: new Uint8Array(8) }],
    ['ENOENT', { kind: 'setns', track: c, flags: 0, path: '/nonexistent' }],
  ];
  for (const [errnoName, record] of cases) {
    const plan = containerPlan(b.dir, ['/bin/true'], { inside: [record] });
    await assert.rejects(run(b, plan), { errnoName, record: plan.records.indexOf(record) }, record.kind);
  }
});
