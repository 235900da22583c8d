import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { recoveryEngine, until } from './recovery-engine.ts';

describe('streams while the daemon is killed', { skip: whySkipped, timeout: 400_000 }, () => {
  const box = recoveryEngine();

  test('no line of a log is lost or doubled', async () => {
    await box.start('writer', 'i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done; exit 9');
    for (let n = 0; n < 3; n++) {
      await sleep(30);
      await box.crash();
    }
    assert.equal(await box.expect(['wait', 'writer']), '9');
    const lines = (await box.expect(['logs', 'writer'])).split('\n');
    assert.deepEqual(
      lines,
      Array.from({ length: 30_000 }, (_, n) => `line ${n}`),
    );
  });

  test('a command that was attached is told, and its container reads on from the next one', async () => {
    const { argv, env } = box.engine.command([
      'run',
      '-i',
      '--name',
      'reader',
      'busybox',
      'sh',
      '-c',
      'while read x; do echo got $x; done; exit 6',
    ]);
    const child = spawn(argv[0]!, argv.slice(1), { env, stdio: 'pipe' });
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const ended = once(child, 'exit');
    const isRunning = async () => (await box.berth(['ps', '-q', '--filter', 'name=^reader$'])).stdout !== '';
    await until(isRunning, 'the running container');
    child.stdin.write('one\n');
    await box.logged('reader', 'got one');
    await box.crash();
    const [code] = (await ended) as [number];
    assert.equal(code, 125);
    assert.match(told, /^berth: lost the daemon .*\nhint: .*berth logs/);
    const second = await box.berth(['attach', 'reader'], { input: 'two\nthree\n' });
    assert.deepEqual([second.code, second.stdout], [6, 'got two\ngot three\n']);
    assert.equal(await box.expect(['logs', 'reader']), 'got one\ngot two\ngot three');
  });

  test('a terminal is found again, and can be resized and typed into', async () => {
    await box.start('screen', 'echo ready; read x; stty size; read y; echo $x $y; exit 5', ['-i', '-t']);
    await box.logged('screen', 'ready');
    {
      await using terminal = box.terminal(['attach', 'screen'], { rows: 20, columns: 70 });
      terminal.type('one\r');
      await terminal.until('20 70');
      await box.crash();
      assert.notEqual(await terminal.exit, 0);
    }
    await using terminal = box.terminal(['attach', 'screen'], { rows: 30, columns: 90 });
    await sleep(100);
    terminal.type('two\r');
    await terminal.until('one two');
    assert.equal(await terminal.exit, 5);
  });

  test('logs -f of the next daemon shows what was written in between and goes on', async () => {
    await box.start('teller', 'echo before; read x; echo between; read x; echo behind', ['-i']);
    await box.logged('teller', 'before');
    await box.crash();
    const follow = box.expect(['logs', '-f', 'teller']);
    assert.equal((await box.berth(['attach', 'teller'], { input: 'a\nb\n' })).code, 0);
    assert.equal(await follow, 'before\nbetween\nbehind');
  });

  test('execs go on, and their exit codes are known whenever they end', async () => {
    const id = await box.start('busy', 'sleep 1000');
    const start = async (script: string): Promise<string> => {
      const { id: exec } = await box.client.exec.create('busy', { command: ['sh', '-c', script] });
      await box.client.exec.start(exec);
      return exec;
    };
    const early = await start('exit 3');
    await box.journalled(id, 1);
    const meanwhile = await start('while [ ! -e /go ]; do usleep 1000; done; exit 4');
    const late = await start('while [ ! -e /later ]; do usleep 1000; done; exit 5');
    const pid = (await box.inspect('busy')).state.pid;
    await box.engine.kill9();
    box.touch(pid, 'go');
    await until(() => box.journal(id).includes(' 4 0 '), 'the end of the second exec');
    await box.engine.launch();
    const state = async (exec: string) => {
      const { running, exitCode } = await box.client.exec.inspect(exec);
      return running ? 'running' : exitCode;
    };
    assert.deepEqual([await state(early), await state(meanwhile), await state(late)], [3, 4, 'running']);
    await box.expect(['exec', 'busy', 'touch', '/later']);
    await until(async () => (await state(late)) === 5, 'the end of the third exec');
    await box.crash();
    assert.deepEqual([await state(early), await state(meanwhile), await state(late)], [3, 4, 5]);
  });
});
