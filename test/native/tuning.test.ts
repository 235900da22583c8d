import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { bench, readOr, run, skip, type Bench } from './bench.ts';
import { containerPlan, makeRoot, MS, plainPlan } from './plans.ts';
import { withHost } from './user-plan.ts';

const c = 'container' as const;

function words(...values: readonly (number | bigint)[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values.map(BigInt)).buffer);
}

/** struct sched_attr as of its first version. */
function scheduler(policy: number, nice: number, priority = 0, size = 48): PlanRecord {
  const attributes = Buffer.alloc(48);
  attributes.writeUInt32LE(size, 0);
  attributes.writeUInt32LE(policy, 4);
  attributes.writeInt32LE(nice, 16);
  attributes.writeUInt32LE(priority, 20);
  return { kind: 'scheduler', track: c, attributes };
}

const RR = 2;
const BATCH = 3;

function start(b: Bench, inside: readonly PlanRecord[], script: string) {
  return run(b, plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', script], { inside }));
}

async function outputOf(b: Bench, inside: readonly PlanRecord[], script: string): Promise<string> {
  const { listener } = await start(b, inside, script);
  await listener.exit();
  return listener.text();
}

test('scheduler, disk priority, personality and processors are as asked', { skip }, async (t) => {
  const b = await bench(t);
  const text = await outputOf(
    b,
    [
      scheduler(BATCH, 7),
      { kind: 'io_priority', track: c, priority: (2 << 13) | 6 },
      { kind: 'personality', track: c, persona: 8 },
      { kind: 'cpu_affinity', track: c, cpus: words(2) },
    ],
    'cut -d" " -f19,41 /proc/self/stat; ionice -p $$; cat /proc/self/personality; grep Cpus_allowed_list /proc/self/status',
  );
  assert.equal(text, `7 ${BATCH}\nbest-effort: prio 6\n00000008\nCpus_allowed_list:\t1\n`);
});

test('a memory policy holds for the program', { skip }, async (t) => {
  if (!existsSync('/proc/self/numa_maps')) return t.skip('the kernel has no NUMA');
  const MPOL_BIND = 2;
  const policy = (mode: number, maxNode: number, nodes: Uint8Array): PlanRecord => ({
    kind: 'memory_policy',
    track: c,
    mode,
    maxNode,
    nodes,
  });
  const show = 'grep -c bind:0 /proc/self/numa_maps';
  assert.match(await outputOf(await bench(t), [policy(MPOL_BIND, 2, words(1))], show), /^[1-9]/);
  // The default takes no nodes at all, and undoes the first.
  const none = policy(0, 0, new Uint8Array());
  assert.equal(await outputOf(await bench(t), [policy(MPOL_BIND, 2, words(1)), none], show), '0\n');
  await assert.rejects(start(await bench(t), [policy(MPOL_BIND, 2, words(0))], show), {
    errnoName: 'EINVAL',
    record: 5,
  });
});

test('the program has a session keyring of its own', { skip }, async (t) => {
  if (readOr('/proc/keys') === '') return t.skip('the kernel shows no keys');
  const b = await bench(t);
  const name = `_ses.${b.dir.slice(-6)}`;
  // Only its possessor sees a key of root's.
  const user: PlanRecord = { kind: 'user', track: c, uid: 54_321, gid: 54_321 };
  const text = await outputOf(b, [{ kind: 'keyring', track: c, name }, user], 'cat /proc/keys');
  assert.match(text, new RegExp(` keyring +${name}: empty`));
  assert.doesNotMatch(await outputOf(await bench(t), [user], 'cat /proc/keys'), new RegExp(name));
});

test('what the kernel refuses fails its own step', { skip }, async (t) => {
  const b = await bench(t);
  const fails = (record: PlanRecord, errnoName: string) =>
    assert.rejects(start(b, [record], 'true'), { errnoName, record: 5 });
  await fails(scheduler(99, 0), 'EINVAL');
  await fails(scheduler(RR, 0, 1000), 'EINVAL');
  // A size beyond the string, or none: nothing behind it may be read.
  await fails(scheduler(BATCH, 0, 0, 4096), 'EINVAL');
  await fails(scheduler(BATCH, 0, 0, 0), 'EINVAL');
  await fails({ kind: 'io_priority', track: c, priority: 7 << 13 }, 'EINVAL');
  await fails({ kind: 'cpu_affinity', track: c, cpus: words(1n << 63n) }, 'EINVAL');
  await fails({ kind: 'keyring', track: c, name: 'a'.repeat(5000) }, 'EINVAL');
});

test('the shim sets a limit of the process, and none of its own', { skip }, async (t) => {
  const b = await bench(t);
  const RLIMIT_NOFILE = 7;
  const limit = (current: number): PlanRecord => ({
    kind: 'rlimit',
    track: 'host',
    resource: RLIMIT_NOFILE,
    current,
    maximum: 321,
  });
  const plan = plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', 'ulimit -n; ulimit -Hn; sleep 1000'], {
    inside: [{ kind: 'wait', track: c, token: 3 }],
  });
  const { shim, listener, started } = await run(
    b,
    withHost(plan, [], [limit(123), { kind: 'post', track: 'host', token: 3 }]),
  );
  await listener.until(() => listener.text() === '123\n321\n');
  const shimPid = readOr(`/proc/${started.pid}/stat`).split(' ')[3]!;
  assert.doesNotMatch(readOr(`/proc/${shimPid}/limits`), /Max open files +123 /);
  await shim.signal(0, 9);
  await listener.exit();
  const again = await bench(t);
  const early = withHost(plainPlan(again.dir, ['/bin/true']), [limit(1)]);
  await assert.rejects(run(again, early), { record: 2, errnoName: 'ESRCH' });
});

test('a root that cannot be pivoted is moved instead', { skip }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  const plan = containerPlan(b.dir, ['/bin/sh', '-c', 'ls /; cat /proc/self/mountinfo | wc -l']);
  const records = plan.records.map((record): PlanRecord =>
    record.kind === 'pivot_root' ? { kind: 'move_root', track: c } : record,
  );
  const { listener } = await run(b, { records });
  await listener.exit();
  const [names, mounts = ''] = listener.text().split(/\n(?=\d)/);
  assert.deepEqual(names!.split('\n'), ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp']);
  assert.ok(Number(mounts) < 20, mounts);
  // A shared root cannot be moved.
  const other = await bench(t);
  makeRoot(other.dir);
  const shared = containerPlan(other.dir, ['/bin/true']).records.flatMap((record): PlanRecord[] =>
    record.kind === 'pivot_root'
      ? [
          { kind: 'mount', track: c, source: '', target: '/', type: '', data: '', cwd: '', flags: 0x100000 | MS.REC },
          { kind: 'move_root', track: c },
        ]
      : [record],
  );
  await assert.rejects(run(other, { records: shared }), { errnoName: 'EINVAL' });
});
