import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { berth } from './berth.ts';
import { containerDaemon } from './daemon.ts';

const nowhere = '/nonexistent/berth.sock';

test('mistakes on the command line have docker’s exit codes and name the help', async () => {
  const mistakes: readonly (readonly [string, number, RegExp])[] = [
    ['ps --bogus', 125, /unknown flag: --bogus\nhint: see 'berth ps --help'/],
    ['run -m abc i', 125, /invalid argument "abc" for "-m, --memory" flag/],
    ['run -p 80 i', 125, /--publish is not supported yet/],
    ['ps foo', 1, /'berth ps' accepts no arguments/],
    ['run', 125, /'berth run' requires at least 1 argument/],
    ['stop', 1, /'berth stop' requires at least 1 argument/],
    ['rename a', 1, /'berth rename' requires 2 arguments/],
    ['nope', 1, /unknown command: berth nope\nhint: see 'berth --help'/],
    ['container nope', 1, /unknown command: berth container nope/],
    ['run -d -a stdout i', 1, /cannot specify both --attach and --detach/],
    ['run --env-file /nonexistent i', 125, /cannot read the environment file \/nonexistent/],
    ['pull -a i:1', 1, /tag can't be used with --all-tags/],
    ['pull UPPER', 1, /has capital letters in its repository name/],
    ['--host tcp://x ps', 1, /cannot use the host/],
  ];
  await Promise.all(
    mistakes.map(async ([line, code, message]) => {
      const ended = await berth(nowhere, line.split(' '));
      assert.match(ended.err, message, line);
      assert.equal(ended.code, code, line);
      assert.equal(ended.out, '', line);
    }),
  );
});

test('help is on standard output, and asks no daemon', async () => {
  for (const line of ['--help', 'run --help', 'help ps', 'container ls --help', 'exec -h', '']) {
    const { code, out, err } = await berth(nowhere, line.split(' ').filter(Boolean));
    assert.match(out, /^Usage: {2}berth /, line);
    assert.equal(err, '', line);
    assert.equal(code, 0, line);
  }
});

test('several targets are all tried, the good ones printed', async (t) => {
  const absent = { error: { kind: 'not_found', code: 'container_not_found', message: 'no such container: b' } };
  const { socket } = await containerDaemon(t, { answers: { 'POST /containers/b/stop?timeout=1': absent } });
  const ended = await berth(socket, ['stop', '-t', '1', 'a', 'b', 'c']);
  assert.deepEqual(ended, { code: 1, signal: null, out: 'a\nc\n', err: 'berth: no such container: b\n' });
});

test('an archive on standard input is sent, and what was loaded is printed', async (t) => {
  const done = {
    done: {
      images: [
        { id: 'sha256:aa', names: ['a:1', 'b:2'] },
        { id: 'sha256:bb', names: [] },
      ],
    },
  };
  const { socket } = await containerDaemon(t, { answers: { 'POST /images/load': done } });
  const { out, code } = await berth(socket, ['load'], 'x'.repeat(300_000));
  assert.equal(out, 'Loaded image: a:1\nLoaded image: b:2\nLoaded image ID: sha256:bb\n');
  assert.equal(code, 0);
});

test('a daemon that cannot start is told with its own last words', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-cli-'));
  t.after(() => rmSync(folder, { recursive: true }));
  process.env['BERTH_DAEMON'] = '/nonexistent/berthd.cjs';
  t.after(() => delete process.env['BERTH_DAEMON']);
  const { code, err } = await berth(path.join(folder, 's'), ['--run', folder, 'ps']);
  assert.equal(code, 1);
  assert.match(
    err,
    /the daemon could not be started: it ended with code 1\n[\s\S]*Cannot find module[\s\S]*\nhint: .*berthd\.log/,
  );
});

test('asking for a version or a status starts no daemon', async () => {
  const version = await berth(nowhere, ['version', '--client', '--format', '{{.Client.Version}}']);
  assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  assert.equal((await berth(nowhere, ['daemon', 'status'])).code, 3);
  assert.equal((await berth(nowhere, ['version'])).code, 1);
});
