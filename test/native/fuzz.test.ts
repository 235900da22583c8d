import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeIds, encodePlan } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
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

function seeds(): Uint8Array[] {
  const more: PlanRecord[] = [
    { kind: 'groups', track: 'container', gids: encodeIds([1, 2, 3]) },
    { kind: 'seccomp', track: 'container', flags: 0, program: new Uint8Array(64) },
  ];
  return [
    plainPlan('/tmp/x', ['/bin/true']),
    containerPlan('/tmp/x', ['/bin/sh', '-c', 'true'], { terminal: true, log: '/tmp/log', inside: more }),
    execPlan(['/bin/sh']),
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
