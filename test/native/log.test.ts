import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { bench, run, skip } from './bench.ts';
import { paths, plainPlan } from './plans.ts';

const shell = (script: string) => ['/bin/busybox', 'sh', '-c', script];
const line = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) ([FP]) ([^\n]*)$/;

/** Each line as `STREAM TAG CONTENT`, and none may be without its time. */
function lines(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((entry) => {
      const match = line.exec(entry);
      assert.ok(match, `not a log line: ${entry.slice(0, 80)}`);
      return `${match[1]} ${match[2]} ${match[3]}`;
    });
}

test('whole lines are F, and an end without a newline is P', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const script = 'printf "one\\ntw"; sleep 0.1; printf "o\\r\\n\\n"; echo err >&2; sleep 0.1; printf end';
  const { listener } = await run(b, plainPlan(b.dir, shell(script), { log }));
  await listener.exit();
  assert.deepEqual(lines(log), ['stdout F one', 'stdout F two\r', 'stdout F ', 'stderr F err', 'stdout P end']);
  assert.equal(statSync(log).mode & 0o777, 0o640);
});

test('the time in the log is the clock of the host', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const before = Date.now();
  const { listener } = await run(b, plainPlan(b.dir, shell('echo x'), { log }));
  await listener.exit();
  const time = Date.parse(readFileSync(log, 'utf8').split(' ')[0]!);
  assert.ok(time >= before && time <= Date.now(), `${time} ${before}`);
});

test('lines are split at 16384 bytes, also when they come in pieces', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const fill = (size: number) => `head -c ${size} /dev/zero | tr '\\0' x`;
  const script = `${fill(16384)}; echo; ${fill(16385)}; echo; ${fill(10000)}; sleep 0.1; ${fill(30000)}; echo; ${fill(20000)}`;
  const { listener } = await run(
    b,
    plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', `PATH=/bin:/usr/bin; ${script}`], { log }),
  );
  await listener.exit();
  const seen = lines(log).map((entry) => `${entry.split(' ')[1]} ${entry.split(' ')[2]!.length}`);
  assert.deepEqual(seen, ['F 16384', 'P 16384', 'F 1', 'P 16384', 'P 16384', 'F 7232', 'P 16384', 'P 3616']);
});

test('bytes that are no text, NUL among them, stay as they are', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const { listener } = await run(b, plainPlan(b.dir, shell('printf "a\\0\\377\\001b\\n"'), { log }));
  await listener.exit();
  assert.ok(readFileSync(log).includes(Buffer.from('F a\0\xff\x01b\n', 'latin1')));
});

test('for Kubernetes lines end without a carriage return, and are split where it is said', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const script = 'printf "a\\r\\nb\\rc\\n\\r\\n"; printf "d\\r"; sleep 0.1; printf "\\n12345678901\\n"';
  const { listener } = await run(b, plainPlan(b.dir, shell(script), { log, logLineMax: 8, logDropReturns: 1 }));
  await listener.exit();
  const said = ['F a', 'F b\rc', 'F ', 'F d', 'P 12345678', 'F 901'];
  assert.deepEqual(
    lines(log),
    said.map((end) => `stdout ${end}`),
  );
});

test(
  'rotation keeps so many files, none larger than the limit, and no line is lost between them',
  { skip },
  async (t) => {
    const b = await bench(t);
    const { log } = paths(b.dir);
    const plan = plainPlan(b.dir, shell('seq 1 2000'), { log, logMaxBytes: 20_000, logMaxFiles: 3 });
    const { listener } = await run(b, plan);
    await listener.exit();
    assert.equal(existsSync(`${log}.3`), false);
    const kept = [`${log}.2`, `${log}.1`, log].flatMap((path) => {
      assert.ok(statSync(path).size <= 20_000);
      return lines(path).map((entry) => Number(entry.split(' ')[2]));
    });
    const first = kept[0]!;
    assert.deepEqual(
      kept,
      Array.from({ length: 2001 - first }, (_, index) => first + index),
    );
    assert.ok(kept.length > 800);
  },
);

test('a limit with one file empties it, and a line beyond the limit is still written', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const plan = plainPlan(b.dir, shell('echo one; echo a-line-that-is-too-long; echo three'), {
    log,
    logMaxBytes: 60,
    logMaxFiles: 1,
  });
  const { listener } = await run(b, plan);
  await listener.exit();
  assert.deepEqual(lines(log), ['stdout F three']);
});

test('after REOPEN_LOG lines go to a new file', { skip }, async (t) => {
  const b = await bench(t);
  const { log } = paths(b.dir);
  const { listener, shim } = await run(b, plainPlan(b.dir, shell('echo one; read x; echo two'), { log, stdin: true }));
  await listener.until(() => listener.text() === 'one\n');
  renameSync(log, `${log}.old`);
  await shim.reopenLog();
  await shim.writeStdin(0, Buffer.from('\n'));
  await listener.exit();
  assert.deepEqual([lines(`${log}.old`), lines(log)], [['stdout F one'], ['stdout F two']]);
});

test('REOPEN_LOG without a log is an error', { skip }, async (t) => {
  const b = await bench(t);
  const { listener, shim } = await run(b, plainPlan(b.dir, shell('read x'), { stdin: true }));
  await assert.rejects(shim.reopenLog(), { kind: 'not_found', code: 'ENOENT' });
  await shim.closeStdin(0);
  await listener.exit();
});

test('a full disk loses lines, never the container', { skip }, async (t) => {
  const b = await bench(t);
  const { listener } = await run(b, plainPlan(b.dir, shell('seq 1 50000; echo end'), { log: '/dev/full' }));
  assert.equal((await listener.exit()).code, 0);
  assert.match(listener.text(), /\nend\n$/);
});
