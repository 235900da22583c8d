import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

/** Docker's detach keys: Ctrl-P, Ctrl-Q. */
const detach = '\x10\x11';

describe('a container in a terminal', { skip: whySkipped }, () => {
  const box = containerEngine();

  test('the program has a terminal of the right size from its first instruction, and hears of a new one', async () => {
    const script = 'stty size; tty; trap "stty size; echo resized" WINCH; echo ready; while :; do sleep 0.02; done';
    const args = ['run', '--rm', '-it', '--name', 'sized', 'busybox', 'sh', '-c', script];
    await using terminal = box.terminal(args, { rows: 31, columns: 97 });
    await terminal.until('ready');
    assert.match(terminal.shown, /^31 97\r\n\/dev\/(pts\/0|console)\r\n/);
    terminal.resize(12, 34);
    await terminal.until(/12 34\r\nresized/);
    await box.expect(['kill', 'sized']);
    assert.equal(await terminal.exit, 137);
  });

  test('the terminal is raw: the program has the echo, the line editing and Ctrl-C', async () => {
    const script = 'trap "echo interrupted; exit 9" INT; echo ready; while :; do sleep 0.02; done';
    await using terminal = box.terminal(['run', '--rm', '-it', 'busybox', 'sh', '-c', script]);
    await terminal.until('ready');
    terminal.type('\x03');
    await terminal.until('interrupted');
    assert.equal(await terminal.exit, 9);
  });

  test('a shell is usable: a prompt, editing, an end of input', async () => {
    await using terminal = box.terminal(['run', '--rm', '-it', 'busybox', 'sh']);
    await terminal.until('# ');
    terminal.type('ehxo\x7f\x7f\x7fcho $((6*7))\r');
    // The prompt too: what is typed before the shell edits lines again is dropped with the change of modes.
    await terminal.until(/\n42\r\n[^\n]*# /);
    terminal.type('\x04');
    assert.equal(await terminal.exit, 0);
  });

  test('the detach keys leave it running; attach goes on with the same one', async () => {
    const script = 'while read line; do echo "heard $line"; done';
    {
      await using first = box.terminal(['run', '-it', '--name', 'left', 'busybox', 'sh', '-c', script]);
      first.type('one\r');
      await first.until('heard one');
      first.type(detach);
      assert.equal(await first.exit, 0);
    }
    assert.equal((await box.inspect('left')).status, 'running');
    await using second = box.terminal(['attach', 'left'], { rows: 20, columns: 40 });
    second.type('two\r');
    await second.until('heard two');
    second.type('\x10x\r');
    await second.until(/heard \x10x|heard \^Px/);
    second.type('\x04');
    assert.equal(await second.exit, 0);
    assert.equal((await box.inspect('left')).status, 'exited');
  });

  test('a terminal that is taken away leaves the container running', async () => {
    {
      await using gone = box.terminal(['run', '-it', '--name', 'kept', 'busybox', 'sh']);
      await gone.until('# ');
    }
    await using again = box.terminal(['attach', 'kept']);
    again.type('echo still $((1+1))\r');
    await again.until(/still 2\r\n/);
    again.type('exit 6\r');
    assert.equal(await again.exit, 6);
  });

  test('-d with -t has a terminal that nobody looks at yet', async () => {
    await box.expect(['run', '-dit', '--name', 'later', 'busybox', 'sh', '-c', 'tty; read x; echo got $x']);
    await box.logged('later', '/dev/');
    await using terminal = box.terminal(['attach', 'later']);
    terminal.type('it\r');
    await terminal.until('got it');
    assert.equal(await terminal.exit, 0);
  });

  test('-t without -i shows a terminal’s output; -it without a terminal is refused', async () => {
    const { stdout, code } = await box.berth(['run', '--rm', '-t', 'busybox', 'sh', '-c', 'tty; echo err >&2; exit 4']);
    assert.equal(code, 4);
    assert.match(stdout, /^\/dev\/\S+\r\nerr\r\n$/);
    assertFailed(await box.berth(['run', '--rm', '-it', 'busybox', 'sh']), 1, /not a (TTY|terminal)/i);
  });

  test('exec -it has a terminal of its own, with its size, Ctrl-C and detach keys', async () => {
    await box.expect(['run', '-d', '--name', 'host', 'busybox', 'sleep', '1000']);
    const script = 'stty size; trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.02; done';
    const args = ['exec', '-it', 'host', 'sh', '-c', script];
    {
      await using terminal = box.terminal(args, { rows: 15, columns: 55 });
      await terminal.until('ready');
      assert.match(terminal.shown, /^15 55\r\n/);
      terminal.type('\x03');
      await terminal.until('caught');
      assert.equal(await terminal.exit, 5);
    }
    await using left = box.terminal(args);
    await left.until('ready');
    left.type(detach);
    assert.equal(await left.exit, 0);
    assert.equal((await box.inspect('host')).execs.length, 1);
  });

  test('detach keys of one’s own take the place of docker’s', async () => {
    const args = ['run', '-it', '--detach-keys', 'ctrl-a,d', '--name', 'keys', 'busybox', 'cat'];
    await using terminal = box.terminal(args);
    terminal.type('x\r');
    await terminal.until(/x\r\nx\r\n/);
    terminal.type('\x01d');
    assert.equal(await terminal.exit, 0);
    assertFailed(await box.berth(['run', '--detach-keys', 'ctrl-', 'busybox']), 125, /ctrl-/);
  });
});
