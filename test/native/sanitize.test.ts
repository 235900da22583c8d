/** A short tour of everything with ASan and UBSan watching; any finding ends the shim, and so the test. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildNative } from '../../scripts/build-native.ts';
import { bench, run, skip } from './bench.ts';
import { containerPlan, execPlan, makeRoot, paths, program } from './plans.ts';

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
