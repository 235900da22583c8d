import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Terminal } from './tty.ts';

test('a program in a terminal is typed to, resized, interrupted, and its exit code is told', async () => {
  await using terminal = new Terminal(
    ['sh', '-c', 'trap "echo interrupted; exit 7" INT; tty; stty size; echo ready; read x; stty size; sleep 60'],
    {
      rows: 30,
      columns: 100,
    },
  );
  await terminal.until('ready');
  assert.match(terminal.shown, /^\/dev\/pts\/\d+\r\n30 100\r\n/);
  terminal.resize(10, 20);
  terminal.type('typed\r');
  await terminal.until(/typed\r\n10 20/);
  terminal.type('\x03');
  await terminal.until('interrupted');
  assert.equal(await terminal.exit, 7);
});

test('what was not shown is told with what was', async () => {
  await using terminal = new Terminal(['echo', 'something']);
  await assert.rejects(terminal.until('nothing', { timeout: 2000 }), /the program ended.*something/s);
});
