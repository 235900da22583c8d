import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Terminal } from '../harness/tty.ts';
import { Box, isPeer, program, until, whySkipped } from './box.ts';

describe('run', { skip: whySkipped }, () => {
  const run = (box: Box, ...flags: string[]) => box.call(['run', '--bundle', box.bundle, ...flags, box.id]);

  test('gives back what the program says and its exit code, and removes the container', async () => {
    await using box = new Box();
    box.script('cat; echo out; echo err >&2; exit 7');
    const ran = await box.call(['run', '-b', box.bundle, box.id], { input: 'in\n' });
    assert.deepEqual(ran, { code: 7, stdout: 'in\nout\n', stderr: 'err\n' });
    await box.assertNothingLeft();
  });

  test('gives 128 and the number for a signal', async () => {
    await using box = new Box();
    // The init of a pid namespace cannot kill itself.
    box.spec.linux.namespaces = box.spec.linux.namespaces.filter(({ type }) => type !== 'pid');
    box.script('kill -9 $$');
    assert.equal((await run(box)).code, 137);
  });

  test('passes signals on to the program', async () => {
    await using box = new Box();
    box.script('trap "exit 5" TERM; touch /tmp/up; while true; do sleep 0.02; done');
    const child = box.start(['run', '-b', box.bundle, box.id], path.join(box.folder, 'run'));
    await until(() => existsSync(path.join(box.rootfs, 'tmp/up')), 'the program is up');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    assert.equal(await ended, 5);
    await box.assertNothingLeft();
  });

  test('detached leaves a running container behind', async () => {
    await using box = new Box();
    box.script('sleep 1000');
    const file = path.join(box.folder, 'pid');
    assert.equal((await run(box, '--detach', '--pid-file', file)).code, 0);
    const { status, pid } = await box.state();
    assert.deepEqual([status, String(pid)], ['running', readFileSync(file, 'utf8')]);
  });

  test('with --keep the container stays when it has ended', async () => {
    await using box = new Box();
    box.script('exit 4');
    assert.equal((await run(box, '--keep')).code, 4);
    assert.equal((await box.state()).status, 'stopped');
    await box.expect(['delete', box.id]);
  });

  test('gives descriptors that are open, and refuses those that are not', async () => {
    await using box = new Box();
    const file = path.join(box.folder, 'handed');
    writeFileSync(file, 'through the descriptor');
    const fd = openSync(file, 'r');
    box.script('cat <&3; ls /proc/self/fd | wc -l');
    const ran = await box.call(['run', '-b', box.bundle, '--preserve-fds', '1', box.id], { descriptors: [fd] });
    closeSync(fd);
    // 0, 1, 2, 3 and the folder that ls looks at.
    assert.match(ran.stdout.trim(), /^through the descriptor\s*5$/);
    // Go's own descriptors count as open, where they happen to be there.
    if (!isPeer)
      await box.refuse(['run', '-b', box.bundle, '--preserve-fds', '1', box.id], /unable to stat preserved-fd/);
    await box.assertNothingLeft();
  });

  test('hands on the sockets of socket activation', async () => {
    await using box = new Box();
    const fd = openSync('/dev/null', 'r');
    box.script('test -e /proc/self/fd/3 && echo $LISTEN_FDS $LISTEN_PID');
    // They are for the process that LISTEN_PID names.
    const prefix = ['sh', '-c', 'export LISTEN_PID=$$; exec "$@"', 'sh'];
    const options = { descriptors: [fd], env: { LISTEN_FDS: '1' }, prefix };
    const ran = await box.call(['run', '-b', box.bundle, box.id], options);
    closeSync(fd);
    assert.equal(ran.stdout, '1 1\n', ran.stderr);
  });

  test('leaks none of the descriptors of its caller', async () => {
    await using box = new Box();
    const fd = openSync('/dev/null', 'r');
    box.script('ls /proc/self/fd | wc -l');
    const ran = await box.call(['run', '-b', box.bundle, box.id], { descriptors: [fd, fd, fd] });
    closeSync(fd);
    assert.equal(ran.stdout.trim(), '4');
  });

  test('serves the terminal of the program with its own', async () => {
    await using box = new Box();
    box.spec.process.terminal = true;
    box.script('echo ready; read x; stty size; tty; echo got $x; exit 4');
    const argv = [program, '--root', box.root, 'run', '--bundle', box.bundle, box.id];
    await using terminal = new Terminal(argv, { rows: 33, columns: 90 });
    await terminal.until('ready');
    terminal.type('this\r');
    await terminal.until(/33 90\s+\/dev\/(pts\/0|console)\s+got this/);
    assert.equal(await terminal.exit, 4);
  });

  test('tells the program of a new size of the terminal', async () => {
    await using box = new Box();
    box.spec.process.terminal = true;
    box.script('trap "stty size" WINCH; echo ready; while true; do sleep 0.05; done');
    const argv = [program, '--root', box.root, 'run', '--bundle', box.bundle, box.id];
    await using terminal = new Terminal(argv);
    await terminal.until('ready');
    terminal.resize(40, 132);
    await terminal.until('40 132');
    terminal.type('\x03');
    assert.equal(await terminal.exit, 130);
  });

  test('a terminal without anybody to serve it is refused', async () => {
    await using box = new Box();
    box.spec.process.terminal = true;
    box.script('true');
    await box.refuse(['run', '-b', box.bundle, '--detach', box.id], /cannot allocate tty/);
    await box.refuse(['create', '-b', box.bundle, box.id], /cannot allocate tty/);
    box.spec.process.terminal = false;
    box.script('true');
    await box.refuse(['create', '-b', box.bundle, '--console-socket', '/x', box.id], /cannot use console socket/);
    await box.assertNothingLeft();
  });
});
