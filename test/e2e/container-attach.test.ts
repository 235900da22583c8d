import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

describe('attached clients', { skip: whySkipped }, () => {
  const box = containerEngine();

  test('two clients see the same output, and either may write', async () => {
    const script = 'while read line; do echo "heard $line"; done; exit 3';
    await box.expect(['run', '-d', '-i', '--name', 'shared', 'busybox', 'sh', '-c', script]);
    const shown = ['', ''];
    const open = (n: number) =>
      box.client.containers.attach('shared', {
        stdin: true,
        onOutput: (_stream, bytes) => void (shown[n] += Buffer.from(bytes).toString()),
      });
    const [first, second] = await Promise.all([open(0), open(1)]);
    await Promise.all([first.started, second.started]);
    await first.writeStdin(Buffer.from('first\n'));
    while (shown.some((text) => !text.includes('heard first'))) await sleep(5);
    await second.writeStdin(Buffer.from('second\n'));
    second.closeStdin();
    assert.deepEqual(await Promise.all([first.exit, second.exit]), [{ exitCode: 3 }, { exitCode: 3 }]);
    assert.deepEqual(shown, ['heard first\nheard second\n', 'heard first\nheard second\n']);
  });

  test('a client that stays away loses nothing but what was said meanwhile; the log has it', async () => {
    await box.expect(['run', '-d', '-i', '--name', 'talk', 'busybox', 'sh', '-c', 'while read l; do echo $l; done']);
    const say = async (word: string) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stream = await box.client.containers.attach('talk', { stdin: true, onOutput: () => resolve() });
      await stream.writeStdin(Buffer.from(`${word}\n`));
      await promise;
      stream.close();
    };
    await say('one');
    await say('two');
    assert.equal(await box.expect(['logs', 'talk']), 'one\ntwo');
    assert.equal((await box.inspect('talk')).status, 'running');
  });

  test('berth attach gives input and output of a container that runs, and its exit code', async () => {
    await box.expect(['run', '-d', '-i', '--name', 'cat', 'busybox', 'sh', '-c', 'cat; exit 5']);
    const { code, stdout } = await box.berth(['attach', 'cat'], { input: 'to and fro' });
    assert.deepEqual([code, stdout], [5, 'to and fro']);
    assertFailed(await box.berth(['attach', 'cat']), 1, /cannot attach to the stopped container cat/);
    assertFailed(await box.berth(['attach', 'absent']), 1, /no such container: absent/);
  });

  test('a slow client holds the program back, and gets 64 MiB without loss', async () => {
    const size = 64 << 20;
    const seed = randomBytes(1 << 20);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(`${box.folder}/block`, seed);
    const script = 'for i in $(seq 64); do cat /data/block; done';
    const { id } = await box.client.containers.create({
      image: 'busybox',
      name: 'flood',
      command: ['sh', '-c', script],
      mounts: [{ source: box.folder, target: '/data', readonly: true }],
    });
    const expected = createHash('sha256');
    for (let n = 0; n < 64; n++) expected.update(seed);
    const got = createHash('sha256');
    let bytesSeen = 0;
    const gate = Promise.withResolvers<void>();
    const stream = await box.client.containers.attach(id, {
      start: true,
      onOutput: async (_stream, bytes) => {
        got.update(bytes);
        bytesSeen += bytes.length;
        // The first chunk is held for a while: all that is behind it must wait in the program.
        if (bytesSeen === bytes.length) await gate.promise;
      },
    });
    await sleep(700);
    const stuck = await box.inspect(id);
    assert.equal(stuck.status, 'running', 'the program waits for its reader');
    assert.ok(bytesSeen < 4 << 20, `${bytesSeen} bytes`);
    gate.resolve();
    assert.deepEqual(await stream.exit, { exitCode: 0 });
    assert.equal(bytesSeen, size);
    assert.equal(got.digest('hex'), expected.digest('hex'));
  });

  test('a client that goes away in the middle holds nobody back', async () => {
    const script = 'yes "some text to be dropped" | head -c 20000000; echo end; exit 4';
    await box.client.containers.create({ image: 'busybox', name: 'dropped', command: ['sh', '-c', script] });
    const { promise, resolve } = Promise.withResolvers<void>();
    const stream = await box.client.containers.attach('dropped', {
      start: true,
      onOutput: async () => {
        resolve();
        await sleep(60_000, undefined, { ref: false });
      },
    });
    await promise;
    stream.close();
    assert.equal(await box.expect(['wait', 'dropped']), '4');
  });

  test('64 MiB of input arrive whole, at the pace of the program', async () => {
    const block = randomBytes(1 << 20);
    const expected = createHash('sha256');
    let text = '';
    await box.client.containers.create({
      image: 'busybox',
      name: 'drain',
      command: ['sh', '-c', 'sleep 0.3; sha256sum'],
      openStdin: true,
      stdinOnce: true,
    });
    const stream = await box.client.containers.attach('drain', {
      start: true,
      stdin: true,
      onOutput: (_stream, bytes) => void (text += Buffer.from(bytes).toString()),
    });
    for (let n = 0; n < 64; n++) {
      expected.update(block);
      await stream.writeStdin(block);
    }
    stream.closeStdin();
    assert.deepEqual(await stream.exit, { exitCode: 0 });
    assert.equal(text.split(' ')[0], expected.digest('hex'));
  });

  test('a program that reads nothing ends all the same, however much was typed', async () => {
    const { code } = await box.sh('exit 2', ['-i'], { input: 'x'.repeat(4 << 20) });
    assert.equal(code, 2);
  });
});
