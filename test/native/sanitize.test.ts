/** A short tour of everything with ASan and UBSan watching; any finding ends the shim, and so the test. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { AttachedShim } from '../../packages/runtime/src/shim/attached.ts';
import { openGate } from '../../packages/runtime/src/shim/gate.ts';
import { buildNative } from '../../scripts/build-native.ts';
import { gatedPlan, hook, shell, withRecords } from './attached.ts';
import { bench, run, skip } from './bench.ts';
import { Listener } from './listener.ts';
import { containerPlan, execPlan, makeRoot, paths, plainPlan, program } from './plans.ts';

const buildDir = join(import.meta.dirname, '../../build/native-sanitize');

test('starts, execs, terminals, logs, failures and clients under the sanitizers', { skip }, async (t) => {
  // No leak check: it would trace the shim, which is not dumpable, and the shim leaves without tidying.
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  const { launcher } = await buildNative(buildDir, { sanitize: true });
  const b = await bench(t, launcher);
  makeRoot(b.dir);
  const { log } = paths(b.dir);
  const script = 'echo one; seq 1 5000; while read line; do echo $line; done; exit 4';
  const plan = containerPlan(b.dir, ['/bin/sh', '-c', script], {
    stdin: true,
    log,
    logMaxBytes: 30_000,
    logMaxFiles: 3,
  });
  const { shim, listener } = await run(b, plan);
  for (let round = 1; round < 4; round++) {
    const exec = execPlan(['/bin/sh', '-c', 'stty size; echo exec; exit 9'], { terminal: round === 2 });
    await shim.start(exec, { process: round, output: true, stdin: true });
    assert.equal((await listener.exit(round)).code, 9);
    await assert.rejects(shim.start(execPlan(['/none']), { process: 9 }), { errnoName: 'ENOENT' });
    const { records } = execPlan(['/bin/true']);
    const failing = { records: records.map((record, index) => ({ ...record, inject: index === round })) };
    await assert.rejects(shim.start(failing, { process: 10 }), { errnoName: 'ECANCELED' });
  }
  await shim.writeStdin(0, Buffer.alloc(300_000, 'abcdefg\n'));
  await shim.closeStdin(0);
  await shim.reopenLog();
  assert.equal((await shim.state()).length, 4);
  assert.equal((await listener.exit()).code, 4);
  await shim.closed;
  assert.equal(listener.text().match(/abcdefg\n/g)?.length, 37_500);
});

test('back pressure and large output under the sanitizers', { skip }, async (t) => {
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  const { launcher } = await buildNative(buildDir, { sanitize: true });
  const b = await bench(t, launcher);
  makeRoot(b.dir);
  let seen = 0;
  const shim = await b.launcher.shim({
    onOutput: ({ bytes }) => {
      seen += bytes.length;
      return new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
  const source = program('pour');
  const bind = {
    kind: 'bind_mount',
    track: 'container',
    source,
    target: '/bin/pour',
    recursive: 0,
    set: 0,
    clear: 0,
    propagation: 0,
    recursiveAttributes: 0,
  } as const;
  const plan = containerPlan(b.dir, ['/bin/pour', String(4 << 20)], { inside: [bind], log: paths(b.dir).log });
  await shim.start(plan, { output: true });
  await shim.closed;
  assert.equal(seen, 4 << 20);
});

test('questions, hooks, gates and adopted processes under the sanitizers', { skip }, async (t) => {
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  const { launcher } = await buildNative(buildDir, { sanitize: true });
  const b = await bench(t, launcher);
  const { records } = gatedPlan(b.dir, ['/bin/busybox', 'true'], [hook(shell('cat; exit 0'))]);
  const gated = await AttachedShim.spawn({ binary: launcher });
  await gated.create({ records });
  await gated.leave();
  assert.equal(await openGate(join(b.dir, 'gate')), undefined);
  const shim = await b.launcher.shim({ onAsk: async () => undefined });
  const asks = { kind: 'ask', track: 'host', token: 2, keep: 0 } as const;
  const plan = withRecords(plainPlan(b.dir, ['/bin/true'], { inside: [hook(shell('seq 1 9999; exit 6'))] }), [asks]);
  await assert.rejects(shim.start(plan), { exitStatus: 6, note: /9999$/ });
  const late = plainPlan(b.dir, ['/bin/true'], { inside: [hook(shell('sleep 9'), { timeout: 50 })] });
  await assert.rejects((await b.launcher.shim()).start(late), { errnoName: 'ETIMEDOUT' });
  const listener = new Listener();
  const adopter = await b.launcher.shim(listener);
  const pidFile = join(b.dir, 'pid');
  const script = `(sh -c 'echo $$ > ${pidFile}; sleep 0.1; exit 5' &); while ! [ -s ${pidFile} ]; do :; done`;
  await adopter.start(adoptPlan(b.dir, shell(script), pidFile), { watch: true });
  assert.equal((await listener.exit()).code, 5);
});

function adoptPlan(dir: string, argv: readonly string[], pidFile: string): { records: PlanRecord[] } {
  const words = { path: argv[0]!, argv: encodeList(argv), env: encodeList([]), cwd: '/', timeout: 0 };
  return {
    records: [
      ...plainPlan(dir, argv).records.slice(0, 2),
      { kind: 'run_program', track: 'host', ...words },
      { kind: 'adopt', track: 'host', pidFile },
    ],
  };
}
