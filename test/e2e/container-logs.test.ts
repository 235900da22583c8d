import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

describe('logs of a container', { skip: whySkipped }, () => {
  const box = containerEngine();

  async function ran(name: string, script: string, flags: readonly string[] = []): Promise<void> {
    await box.berth(['run', '--name', name, ...flags, 'busybox', 'sh', '-c', script]);
  }

  test('output and errors keep their streams and their order', async () => {
    await ran('both', 'echo one; echo two >&2; echo three');
    const { stdout, stderr } = await box.berth(['logs', 'both']);
    assert.deepEqual([stdout, stderr], ['one\nthree\n', 'two\n']);
  });

  test('a last line without its newline is shown so', async () => {
    await ran('open', 'echo one; printf two');
    assert.equal((await box.berth(['logs', 'open'])).stdout, 'one\ntwo');
  });

  test('lines of any length and bytes of any kind come back as they were', async () => {
    const script = 'head -c 100000 /dev/zero | tr "\\0" x; echo; printf "\\r\\n\\t\\001\\n"; echo äöü';
    await ran('odd', script);
    assert.equal((await box.berth(['logs', 'odd'])).stdout, `${'x'.repeat(100_000)}\n\r\n\t\u0001\näöü\n`);
  });

  test('--tail shows the last lines, of a long one all', async () => {
    await ran('tail', 'for i in $(seq 100); do echo line $i; done; head -c 40000 /dev/zero | tr "\\0" y; echo');
    assert.equal(await box.expect(['logs', '--tail', '1', 'tail']), 'y'.repeat(40_000));
    assert.match(await box.expect(['logs', '-n', '3', 'tail']), /^line 99\nline 100\ny+$/);
    assert.equal(await box.expect(['logs', '--tail', '0', 'tail']), '');
    for (const all of ['all', '-1', '1000']) {
      assert.equal((await box.expect(['logs', '--tail', all, 'tail'])).split('\n').length, 101, all);
    }
    assertFailed(await box.berth(['logs', '--tail', 'some', 'tail']), 125, /'some' is not a whole number/);
  });

  test('-t puts a time before each line, once for a long one', async () => {
    await ran('timed', 'echo one; head -c 40000 /dev/zero | tr "\\0" z; echo; echo two >&2');
    const { stdout, stderr } = await box.berth(['logs', '-t', 'timed']);
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)`;
    assert.match(stdout, new RegExp(`^${time} one\n${time} z{40000}\n$`));
    assert.match(stderr, new RegExp(`^${time} two\n$`));
  });

  test('-t with streams that part a line between them puts a time before each line', async () => {
    await ran('mixed', 'printf a; sleep 0.05; echo b >&2; sleep 0.05; echo c');
    const { stdout, stderr } = await box.berth(['logs', '-t', 'mixed']);
    assert.match(stdout, /^\S+Z ac\n$/);
    assert.match(stderr, /^\S+Z b\n$/);
  });

  test('--since and --until cut by time', async () => {
    await ran('cut', 'echo early; sleep 0.3; echo late');
    const [first, second] = (await box.expect(['logs', '-t', 'cut'])).split('\n').map((line) => line.split(' ')[0]!);
    const between = new Date((Date.parse(first!) + Date.parse(second!)) / 2).toISOString();
    assert.equal(await box.expect(['logs', '--since', between, 'cut']), 'late');
    assert.equal(await box.expect(['logs', '--until', between, 'cut']), 'early');
    assert.equal(await box.expect(['logs', '--since', String(Date.parse(between) / 1000), 'cut']), 'late');
    assert.equal(await box.expect(['logs', '--since', '10m', 'cut']), 'early\nlate');
    assert.equal(await box.expect(['logs', '--until', '10m', 'cut']), '');
    assertFailed(await box.berth(['logs', '--since', 'soon', 'cut']), 1, /since: 'soon' is not a time/);
  });

  test('--since with nanoseconds leaves out what came before within the same millisecond', async () => {
    await ran('fine', 'for i in $(seq 50); do echo $i; done');
    const lines = (await box.expect(['logs', '-t', 'fine'])).split('\n');
    const time = lines[25]!.split(' ')[0]!;
    const after = await box.expect(['logs', '-t', '--since', time, 'fine']);
    assert.deepEqual(
      after.split('\n'),
      lines.filter((line) => line.split(' ')[0]! >= time),
    );
  });

  test('-f shows what comes, to the end of the container', async () => {
    const script = 'for i in 1 2 3 4 5; do echo $i; sleep 0.05; done; printf end';
    await box.expect(['run', '-d', '--name', 'live', 'busybox', 'sh', '-c', script]);
    const { code, stdout } = await box.berth(['logs', '-f', 'live']);
    assert.deepEqual([code, stdout], [0, '1\n2\n3\n4\n5\nend']);
    assert.equal(await box.expect(['logs', '-f', '--tail', '1', 'live']), 'end');
  });

  test('-f of a container that is removed meanwhile ends', async () => {
    await box.expect(['run', '-d', '--name', 'gone', 'busybox', 'sh', '-c', 'echo here; exec sleep 1000']);
    const following = box.berth(['logs', '-f', 'gone']);
    await box.logged('gone', 'here');
    await box.expect(['rm', '-f', 'gone']);
    assert.equal((await following).stdout, 'here\n');
  });

  test('output of an earlier run stays before that of the next', async () => {
    await box.expect(['create', '--name', 'runs', 'busybox', 'sh', '-c', 'echo run']);
    for (let run = 0; run < 3; run++) await box.expect(['start', '-a', 'runs']);
    assert.equal(await box.expect(['logs', 'runs']), 'run\nrun\nrun');
  });

  test('10 MB of output are complete, in the log and at the client', async () => {
    const script = 'yes "0123456789012345678901234567890123456789" | head -c 10000000';
    const expected = createHash('sha256')
      .update('0123456789012345678901234567890123456789\n'.repeat(243_903).slice(0, 10_000_000))
      .digest('hex');
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const shown = await box.berth(['run', '--name', 'much', 'busybox', 'sh', '-c', script]);
    assert.equal(hash(shown.stdout), expected);
    assert.equal(hash((await box.berth(['logs', 'much'])).stdout), expected);
    assert.equal(hash((await box.berth(['logs', '-f', 'much'])).stdout), expected);
  });

  test('a terminal’s log is one stream, as it was shown', async () => {
    await ran('tty', 'echo out; echo err >&2', ['-t']);
    const { stdout, stderr } = await box.berth(['logs', 'tty']);
    assert.deepEqual([stdout, stderr], ['out\r\nerr\r\n', '']);
  });

  test('logs of nothing are nothing, of an absent container a failure', async () => {
    await box.expect(['create', '--name', 'silent', 'busybox']);
    assert.equal(await box.expect(['logs', 'silent']), '');
    assert.equal(await box.expect(['logs', '-f', 'silent']), '');
    assertFailed(await box.berth(['logs', 'absent']), 1, /no such container: absent/);
  });
});

describe('log rotation', { skip: whySkipped }, () => {
  const box = containerEngine('[container_log]\nmax_bytes = 100000\nmax_files = 3\n');

  test('files are rotated at their size, the oldest go, and a reader that follows loses nothing', async () => {
    const script = 'read x; for i in $(seq 1000 6999); do echo "line $i of a log that is rotated many times"; done';
    await box.expect(['run', '-d', '-i', '--name', 'turns', 'busybox', 'sh', '-c', script]);
    const following = box.berth(['logs', '-f', 'turns']);
    const stream = await box.client.containers.attach('turns', { stdin: true, output: false, onOutput: () => {} });
    await stream.writeStdin(Buffer.from('go\n'));
    assert.deepEqual(await stream.exit, { exitCode: 0 });
    const followed = (await following).stdout.trimEnd().split('\n');
    const { logPath } = await box.inspect('turns');
    const files = readdirSync(path.dirname(logPath)).filter((name) => name.startsWith(path.basename(logPath)));
    assert.equal(files.length, 3, files.join(' '));
    for (const file of files) assert.ok(statSync(path.join(path.dirname(logPath), file)).size <= 110_000, file);
    const kept = (await box.expect(['logs', 'turns'])).split('\n').map((line) => Number(line.split(' ')[1]));
    assert.equal(kept.at(-1), 6999);
    assert.deepEqual(
      kept,
      kept.map((_, index) => 7000 - kept.length + index),
    );
    const numbers = followed.map((line) => Number(line.split(' ')[1]));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    assert.equal(numbers.at(-1), 6999);
  });
});
