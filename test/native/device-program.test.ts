import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { type Bench, bench, run, skip } from './bench.ts';
import { CLONE, containerPlan, makeRoot, plainPlan } from './plans.ts';

const unified = readFileSync('/proc/self/mounts', 'utf8')
  .split('\n')
  .find((line) => line.split(' ')[2] === 'cgroup2')
  ?.split(' ')[1];
const without = skip || (unified === undefined ? 'no cgroup2 is mounted' : false);

/** struct bpf_insn rows: opcode, registers (source << 4 | destination), offset, immediate. */
function program(rows: readonly (readonly [number, number, number, number])[]): Uint8Array {
  const bytes = Buffer.alloc(8 * rows.length);
  rows.forEach(([opcode, registers, offset, immediate], index) => {
    bytes.writeUInt8(opcode, 8 * index);
    bytes.writeUInt8(registers, 8 * index + 1);
    bytes.writeInt16LE(offset, 8 * index + 2);
    bytes.writeInt32LE(immediate, 8 * index + 4);
  });
  return bytes;
}

/** Refuses /dev/zero, 1:5, and whatever has major 7; allows the rest. */
const noZero = program([
  [0x61, 0x12, 4, 0], // r2 = major
  [0x61, 0x13, 8, 0], // r3 = minor
  [0xb7, 0x00, 0, 0], // r0 = 0
  [0x15, 0x02, 3, 7], // major 7: exit
  [0x55, 0x02, 1, 1], // not major 1: allow
  [0x15, 0x03, 1, 5], // minor 5: exit
  [0xb7, 0x00, 0, 1], // r0 = 1
  [0x95, 0x00, 0, 0],
]);

const devices = (cgroup: string, code: Uint8Array): PlanRecord => ({
  kind: 'device_program',
  track: 'host',
  cgroup,
  program: code,
});

/** A cgroup of the test's own, that goes with it. */
function makeCgroup(b: Bench): Disposable & { path: string } {
  const path = join(unified!, basename(b.dir));
  mkdirSync(path);
  return { path, [Symbol.dispose]: () => rmdirSync(path) };
}

test('a device program forbids opening and making what its rules forbid', { skip: without }, async (t) => {
  const b = await bench(t);
  makeRoot(b.dir);
  using cgroup = makeCgroup(b);
  const script = [
    'head -c 1 /dev/zero >/dev/null || echo no zero',
    'mknod /tmp/seven b 7 0 || echo no seven',
    'mknod /tmp/null c 1 3 && echo > /tmp/null && echo null',
  ].join('; ');
  const plan = containerPlan(b.dir, ['/bin/sh', '-c', script]);
  const records = plan.records.flatMap((record): PlanRecord[] =>
    record.kind === 'spawn' ? [devices(cgroup.path, noZero), { ...record, cgroup: cgroup.path }] : [record],
  );
  // The plan makes /dev/zero itself, which the program already forbids.
  const allowed = records.filter((record) => !(record.kind === 'mknod' && record.minor === 5));
  await assert.rejects(run(b, { records }), { errnoName: 'EPERM' });
  const { listener } = await run(b, { records: allowed });
  await listener.exit();
  assert.match(listener.text(), /no seven\nnull\n$/);
  assert.match(listener.text(0, 'stderr'), /seven: Operation not permitted/);
});

test('all programs of a cgroup must agree', { skip: without }, async (t) => {
  const b = await bench(t);
  using cgroup = makeCgroup(b);
  const all = program([
    [0xb7, 0x00, 0, 1],
    [0x95, 0x00, 0, 0],
  ]);
  const script = 'head -c 1 /dev/zero || echo no zero; head -c 0 /dev/urandom && echo random';
  const plan = plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', script]);
  const records = plan.records.flatMap((record): PlanRecord[] =>
    record.kind === 'spawn'
      ? [devices(cgroup.path, noZero), devices(cgroup.path, all), { ...record, cgroup: cgroup.path }]
      : [record],
  );
  const { listener } = await run(b, { records });
  await listener.exit();
  assert.equal(listener.text(), 'no zero\nrandom\n');
});

test('a device program that the kernel refuses fails the start', { skip: without }, async (t) => {
  const b = await bench(t);
  using cgroup = makeCgroup(b);
  const start = (record: PlanRecord) => {
    const plan = plainPlan(b.dir, ['/bin/true'], { flags: CLONE.NEWNS });
    plan.records.splice(1, 0, record);
    return run(b, plan);
  };
  const bad = (errnoName: string) => ({ errnoName, record: 1 });
  await assert.rejects(start(devices(join(cgroup.path, 'none'), noZero)), bad('ENOENT'));
  await assert.rejects(start(devices('/tmp', noZero)), bad('EBADF'));
  // It never ends, or reads beyond its context.
  await assert.rejects(start(devices(cgroup.path, program([[0x05, 0, -1, 0]]))), bad('EINVAL'));
  await assert.rejects(start(devices(cgroup.path, noZero.subarray(0, 16))), bad('EINVAL'));
  await assert.rejects(start(devices(cgroup.path, new Uint8Array())), bad('E2BIG'));
  assert.ok(existsSync(cgroup.path));
});
