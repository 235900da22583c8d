import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeList, encodePlan } from '../../packages/runtime/src/plan/encode.ts';
import { layout, type RecordKind, type Track } from '../../packages/runtime/src/plan/layout.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { binaryFields, listFields, runsOn } from '../../packages/runtime/src/plan/shape.ts';
import { containerPlan, execPlan, plainPlan } from './plans.ts';

const root = join(import.meta.dirname, '../..');

/** The decoder and its driver, with sanitizers. */
function fuzzer(): string {
  const output = join(root, 'build/test/fuzz_decode');
  mkdirSync(join(root, 'build/test'), { recursive: true });
  const flags = ['-std=c11', '-D_GNU_SOURCE', '-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const sources = ['native/test/fuzz_decode.c', 'native/decode.c'].map((file) => join(root, file));
  const built = spawnSync('cc', [...flags, '-o', output, ...sources], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  return output;
}

/** A record of this kind with something in every field. */
function sample(kind: RecordKind, track: Track): PlanRecord {
  const { numbers, strings } = layout[kind];
  const fields: Record<string, number | string | Uint8Array> = {};
  for (const name of numbers) fields[name] = 1;
  for (const name of strings) {
    const size = binaryFields[name];
    if (size !== undefined) fields[name] = new Uint8Array(3 * size).fill(1);
    else fields[name] = listFields.includes(name) ? encodeList(['one', 'two']) : `/${name}`;
  }
  return { kind, track, ...fields } as PlanRecord;
}

/** Plans of the tests, then some in which every kind there is occurs, on every track that may run it. */
function seeds(): Uint8Array[] {
  const kinds = Object.keys(layout) as RecordKind[];
  const records = (track: Track, left: readonly RecordKind[]) =>
    kinds.filter((kind) => runsOn(kind, track) && !left.includes(kind)).map((kind) => sample(kind, track));
  const host = records('host', ['adopt']);
  const container = records('container', ['execve']);
  const last = sample('execve', 'container');
  const parts = Array.from({ length: Math.ceil(container.length / 8) }, (_, part) => [
    sample('spawn', 'host'),
    ...container.slice(8 * part, 8 * part + 8),
    last,
  ]);
  return [
    plainPlan('/tmp/x', ['/bin/true']),
    containerPlan('/tmp/x', ['/bin/sh', '-c', 'true'], { terminal: true, log: '/tmp/log' }),
    execPlan(['/bin/sh']),
    { records: [...host, ...container, last] },
    { records: [...records('host', ['spawn', 'adopt']), sample('adopt', 'host')] },
    ...parts.map((part) => ({ records: part })),
  ].map(encodePlan);
}

test('the plan decoder survives mutated plans', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'bf-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const files = seeds().map((bytes, index) => {
    const path = join(dir, String(index));
    writeFileSync(path, bytes);
    return path;
  });
  const seconds = process.env.FUZZ_SECONDS ?? '8';
  const ran = spawnSync(fuzzer(), [process.env.FUZZ_SEED ?? '1', seconds, ...files], {
    encoding: 'utf8',
    env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1' },
  });
  assert.equal(ran.status, 0, ran.stderr);
  const [tried, accepted] = ran.stdout.trim().split(' ').map(Number);
  t.diagnostic(`${tried} plans, ${accepted} accepted`);
  assert.ok(tried! > 1000 && accepted! > tried! / 20 && accepted! < tried!);
});
