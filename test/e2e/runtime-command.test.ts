import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { peers } from '../runtime-handler/peers.ts';
import { whyNotCommand } from '../runtime-handler/place.ts';
import { assertFailed, containerEngine } from './container-engine.ts';
import { isAlive, recoveryEngine, until } from './recovery-engine.ts';

const [name, binary] = peers()[0] ?? ['runc', '/usr/bin/runc'];
const reason = whySkipped === false ? ((await whyNotCommand(name, binary)) ?? false) : whySkipped;
const config = `[runtimes.runc]\nbinary = "${binary}"\n`;
const withRunc = ['--runtime', 'runc'];

describe('containers of another runtime', { skip: reason, timeout: 400_000 }, () => {
  const box = containerEngine(config);
  before(() => box.warm(withRunc));

  test('run gives the output, the exit code, and takes input', async () => {
    const { code, stdout, stderr } = await box.sh('cat; echo two >&2; hostname; exit 7', ['-i', ...withRunc], {
      input: 'one\n',
    });
    assert.deepEqual([code, stdout.split('\n')[0], stderr], [7, 'one', 'two\n']);
  });

  test('inspect, info and explain say which runtime it is', async () => {
    const id = await box.expect(['run', '-d', ...withRunc, 'busybox', 'sleep', '60']);
    assert.equal(await box.expect(['inspect', '-f', '{{.HostConfig.Runtime}}', id]), 'runc');
    assert.equal(await box.expect(['info', '-f', '{{json .Runtimes}}']), '{"berth":{},"runc":{}}');
    const text = await box.expect(['explain', id]);
    assert.match(text, /runc is a command and has no plan of its own: these are the steps of its shim/);
    assert.match(text, /create --bundle/);
    const own = await box.expect(['run', '-d', 'busybox', 'true']);
    assert.equal(await box.expect(['inspect', '-f', '{{.HostConfig.Runtime}}', own]), 'berth');
    assert.doesNotMatch(await box.expect(['explain', own]), /no plan of its own/);
  });

  test('what it wrote to its root is there at the next start', async () => {
    const script = 'cat /kept 2>/dev/null; echo again >>/kept';
    await box.expect(['run', '--name', 'keeper', ...withRunc, 'busybox', 'sh', '-c', script]);
    assert.equal(await box.expect(['start', '-a', 'keeper']), 'again');
    assert.equal(await box.expect(['start', '-a', 'keeper']), 'again\nagain');
  });

  test('exec has the output, the input, the code, and no program that is not there', async () => {
    const id = await box.expect(['run', '-d', ...withRunc, 'busybox', 'sleep', '60']);
    const { code, stdout } = await box.berth(['exec', '-i', '-e', 'A=b', id, 'sh', '-c', 'cat; echo $A; exit 9'], {
      input: 'in ',
    });
    assert.deepEqual([code, stdout], [9, 'in b\n']);
    assert.equal(await box.expect(['exec', '-u', '1000', id, 'id', '-u']), '1000');
    assertFailed(await box.berth(['exec', id, 'nosuch']), 127, /nosuch/);
    assert.equal(await box.expect(['exec', id, 'echo', 'still']), 'still');
  });

  test('a terminal: of the program, of an exec, with its size', async () => {
    const script = ['sh', '-c', 'tty; stty size'];
    const size = { rows: 31, columns: 99 };
    await using first = box.terminal(['run', '--rm', '-it', ...withRunc, 'busybox', ...script], size);
    assert.equal(await first.exit, 0);
    assert.match(first.shown, /\/dev\/(pts\/0|console)\r\n31 99\r\n/);
    const id = await box.expect(['run', '-d', ...withRunc, 'busybox', 'sleep', '60']);
    await using inside = box.terminal(['exec', '-it', id, 'sh', '-c', 'test -t 1 && tty']);
    assert.equal(await inside.exit, 0);
    assert.match(inside.shown, /\/dev\/pts\/\d\r\n/);
  });

  test('logs, top and stats look into it', async () => {
    const script = 'echo line; exec sleep 60';
    const id = await box.expect(['run', '-d', '-m', '64m', ...withRunc, 'busybox', 'sh', '-c', script]);
    await box.logged(id, 'line');
    assert.equal(await box.expect(['logs', id]), 'line');
    assert.match(await box.expect(['top', id]), /sleep 60/);
    const stats = await box.expect(['stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', id]);
    assert.match(stats, /\/ 64MiB 1$/);
  });

  test('stop, kill and pause', async () => {
    const polite = 'trap "exit 3" TERM; echo ready; while :; do sleep 0.02; done';
    for (const id of ['polite', 'frozen']) {
      await box.expect(['run', '-d', '--name', id, ...withRunc, 'busybox', 'sh', '-c', polite]);
      await box.logged(id, 'ready');
    }
    await box.expect(['stop', 'polite']);
    assert.equal((await box.inspect('polite')).state.exitCode, 3);
    await box.expect(['pause', 'frozen']);
    assert.equal((await box.inspect('frozen')).state.status, 'paused');
    await box.expect(['unpause', 'frozen']);
    await box.expect(['pause', 'frozen']);
    await box.expect(['kill', 'frozen']);
    assert.equal(await box.expect(['wait', 'frozen']), '137');
  });

  test('a start that fails is told in the words of the runtime, and leaves nothing', async () => {
    const ran = await box.berth(['run', '--name', 'none', ...withRunc, 'busybox', 'nosuch']);
    assertFailed(ran, 127, /runc: .*nosuch.*not found/);
    assert.deepEqual(readdirSync(path.join(box.engine.run, 'runtimes/runc')), []);
    assert.match(await box.expect(['explain', 'none']), /nosuch.*not found/);
  });

  test('a runtime that nobody configured is refused with the names that there are', async () => {
    const ran = await box.berth(['run', '--runtime', 'kata', 'busybox', 'true']);
    assertFailed(ran, 125, /unknown runtime 'kata'/);
    assert.match(ran.stderr, /hint: there is berth, runc/);
  });
});

describe('a configured runtime that is not there', { skip: whySkipped, timeout: 400_000 }, () => {
  const box = containerEngine('[runtimes.gone]\nbinary = "/nonexistent/runtime"\n');

  test('is told at create, and hurts nobody else', async () => {
    const ran = await box.berth(['run', '--runtime', 'gone', 'busybox', 'true']);
    assertFailed(ran, 125, /runtime gone: there is no \/nonexistent\/runtime/);
    assert.equal(await box.print('echo fine'), 'fine');
  });
});

describe('containers of another runtime and a new daemon', { skip: reason, timeout: 400_000 }, () => {
  const box = recoveryEngine(config);
  before(() => box.warm(withRunc));

  test('goes on while no daemon runs, and is found again', async () => {
    const id = await box.start('lasting', 'while :; do echo tick; sleep 0.05; done', withRunc);
    await box.crash();
    assert.equal((await box.inspect('lasting')).state.status, 'running');
    assert.equal(await box.expect(['exec', 'lasting', 'echo', 'in']), 'in');
    await box.logged(id, 'tick');
    await box.expect(['pause', 'lasting']);
    await box.expect(['unpause', 'lasting']);
    await box.expect(['stop', '-t', '0', 'lasting']);
    assert.equal((await box.inspect('lasting')).state.exitCode, 137);
  });

  test('one that ended meanwhile has its own exit code, and what it left is taken away', async () => {
    const id = await box.start('brief', 'while [ ! -e /go ]; do usleep 1000; done; exit 42', withRunc);
    const { pid } = (await box.inspect(id)).state;
    await box.engine.kill9();
    box.touch(pid, 'go');
    await box.journalled(id);
    await box.engine.launch();
    assert.equal(await box.expect(['wait', 'brief']), '42');
    await until(() => !existsSync(path.join(box.engine.run, 'runtimes/runc', id)), 'the state of the runtime to go');
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(box.engine.root), 'no root is mounted');
  });

  test('one whose runtime is not configured any more can be ended and removed', async () => {
    const id = await box.start('orphan', 'sleep 1000', withRunc);
    const { pid } = (await box.inspect(id)).state;
    box.file('berthd.toml', '');
    await box.crash();
    assert.equal(await box.expect(['inspect', '-f', '{{.HostConfig.Runtime}}', id]), 'runc');
    assertFailed(await box.berth(['exec', id, 'true']), 126, /unknown runtime 'runc'/);
    await box.expect(['rm', '-f', id]);
    await sleep(10);
    assert.ok(!isAlive(pid));
    // What the runtime keeps of it is out of our reach without the runtime: docs/runtimes.md.
    execFileSync(binary, ['--root', path.join(box.engine.run, 'runtimes/runc'), 'delete', '--force', id]);
    box.file('berthd.toml', config);
    await box.crash();
  });
});
