import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamPeer } from '@berth/sdk/fake-daemon';
import { frameTypes } from '@berth/wire/native/stream';
import { berth, startBerth, whenEnded } from './berth.ts';
import { containerDaemon } from './daemon.ts';

const { stdout, stderr, exit, error, started } = frameTypes;

test('input reaches the container to its end, and its exit code is the command’s', async (t) => {
  const { socket, calls } = await containerDaemon(t, {});
  const input = 'line\n'.repeat(100_000);
  const ended = await berth(socket, ['run', '-i', 'busybox', 'cat'], input);
  assert.equal(ended.err, '');
  assert.equal(ended.out, input);
  assert.equal(ended.code, 5);
  assert.deepEqual(calls, [
    'POST /containers',
    `upgrade /containers/${'c'.repeat(64)}/attach?stdin=1&output=1&start=1`,
  ]);
});

test('output and errors keep to their own streams, and -a chooses among them', async (t) => {
  const { socket } = await containerDaemon(t, {
    run(peer) {
      peer.send(stdout, 'out');
      peer.send(stderr, 'err');
      peer.send(exit, '{"exitCode":0}');
    },
  });
  assert.deepEqual(await berth(socket, ['run', 'i']), { code: 0, signal: null, out: 'out', err: 'err' });
  assert.deepEqual(await berth(socket, ['run', '-a', 'stderr', 'i']), { code: 0, signal: null, out: '', err: 'err' });
});

for (const [code, exitCode] of [
  ['command_not_found', 127],
  ['command_not_executable', 126],
  ['start_failed', 125],
] as const) {
  test(`a start that fails with ${code} ends with ${exitCode}`, async (t) => {
    const told = { kind: 'failed_precondition', code, message: 'no way', hint: 'try another' };
    const { socket } = await containerDaemon(t, {
      run: (peer) => void peer.send(error, JSON.stringify(told)),
      answers: { [`POST /containers/${'c'.repeat(64)}/start`]: { error: told } },
    });
    const expected = { code: exitCode, signal: null, out: '', err: 'berth: no way\nhint: try another\n' };
    assert.deepEqual(await berth(socket, ['run', 'i']), expected);
    assert.deepEqual(await berth(socket, ['run', '-d', 'i']), expected);
  });
}

const noImage = { error: { kind: 'not_found', code: 'no_such_image', message: 'x' } };

test('with --pull=never an absent image is told with what to do, and the code is 125', async (t) => {
  const { socket, calls } = await containerDaemon(t, { answers: { 'POST /containers': noImage } });
  const { code, err } = await berth(socket, ['run', '--pull=never', 'busybox']);
  assert.equal(code, 125);
  assert.match(err, /^berth: unable to find image 'busybox:latest' locally\nhint: .*berth pull busybox/);
  assert.deepEqual(calls, ['POST /containers']);
});

test('an absent image is pulled, and what fails there ends the command with 125', async (t) => {
  const gone = { error: { kind: 'not_found', code: 'no_such_manifest', message: 'no busybox there', hint: 'look' } };
  const { socket, calls } = await containerDaemon(t, {
    answers: { 'POST /containers': noImage, 'POST /images/pull': gone },
  });
  const { code, out, err } = await berth(socket, ['run', 'busybox']);
  assert.equal(code, 125);
  assert.equal(out, '');
  assert.equal(err, "Unable to find image 'busybox:latest' locally\nberth: no busybox there\nhint: look\n");
  assert.deepEqual(calls, ['POST /containers', 'POST /images/pull']);
});

test('with --pull=always the image is brought first, all of that on standard error', async (t) => {
  const pulled = { pulled: { images: [{ name: 'busybox:latest', id: 'sha256:aa', isNew: true }] } };
  const { socket, calls } = await containerDaemon(t, {
    answers: { 'POST /images/pull': pulled },
    run(peer) {
      peer.send(stdout, 'out');
      peer.send(exit, '{"exitCode":0}');
    },
  });
  const told = 'Digest: sha256:aa\nStatus: Downloaded newer image for busybox:latest\n';
  assert.deepEqual(await berth(socket, ['run', '--pull=always', 'busybox']), {
    code: 0,
    signal: null,
    out: 'out',
    err: told,
  });
  assert.deepEqual(calls.slice(0, 2), ['POST /images/pull', 'POST /containers']);
  assert.equal((await berth(socket, ['run', '-q', '--pull=always', 'busybox'])).err, '');
});

test('signals are passed on, and the container’s end is the command’s', async (t) => {
  const { socket, calls } = await containerDaemon(t, { run: (peer) => void peer.send(stdout, 'ready\n') });
  const child = startBerth(socket, ['run', 'i']);
  const ended = whenEnded(child);
  await once(child.stdout, 'data');
  child.kill('SIGUSR1');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.equal((await ended).code, 143);
  assert.deepEqual(
    calls.slice(2).map((call) => call.replace(/.*\?/, '')),
    ['signal=SIGUSR1', 'signal=SIGTERM'],
  );
});

test('with --sig-proxy=false a signal ends the command alone', async (t) => {
  const { socket, calls } = await containerDaemon(t, { run: (peer) => void peer.send(stdout, 'ready\n') });
  const child = startBerth(socket, ['run', '--sig-proxy=false', 'i']);
  const ended = whenEnded(child);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  assert.equal((await ended).signal, 'SIGTERM');
  assert.equal(calls.length, 2);
});

/** Says more than anybody reads. */
function endless(peer: StreamPeer): void {
  const more = () => {
    while (!peer.connection.destroyed && peer.send(stdout, 'y\n'.repeat(5000)));
    peer.connection.once('drain', more);
  };
  more();
}

test('a reader that leaves ends the command quietly', async (t) => {
  const { socket } = await containerDaemon(t, { run: endless });
  const child = startBerth(socket, ['run', 'i']);
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, err } = await endOf(child);
  assert.equal(err, '');
  assert.equal(code, 0);
});

test('a reader that leaves a full socket behind ends the command quietly: its write fails with ECONNRESET', async (t) => {
  const { socket } = await containerDaemon(t, { run: endless });
  const child = startBerth(socket, ['run', 'i']);
  await once(child.stdout, 'readable');
  // Until the command waits for room.
  await sleep(500);
  child.stdout.destroy();
  const { code, err } = await endOf(child);
  assert.equal(err, '');
  assert.equal(code, 0);
});

async function endOf(child: ReturnType<typeof startBerth>): Promise<{ readonly code: unknown; readonly err: string }> {
  const [[code], err] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  return { code, err };
}

test('a daemon that dies in the middle is told, with 125', async (t) => {
  const { socket } = await containerDaemon(t, {
    run(peer) {
      peer.send(started);
      peer.send(stdout, 'some');
      peer.connection.end();
    },
  });
  const { code, out, err } = await berth(socket, ['run', 'i']);
  assert.equal(out, 'some');
  assert.equal(code, 125);
  assert.match(err, /lost the daemon while attached to container cccccccccccc\nhint: .*berth wait/);
});

test('a terminal is asked for only where there is one to type at', async (t) => {
  const { socket, calls } = await containerDaemon(t, { run: (peer) => void peer.send(exit, '{"exitCode":0}') });
  for (const args of [
    ['run', '-it', 'i'],
    ['exec', '-it', 'c', 'sh'],
  ]) {
    const { code, err } = await berth(socket, args);
    assert.equal(code, 1);
    assert.match(err, /^berth: the input device is not a TTY\n/);
  }
  assert.deepEqual(calls, []);
  assert.equal((await berth(socket, ['run', '-t', 'i'])).code, 0);
});
