import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { encodeFrame, frameTypes } from '@berth/wire/native/stream';
import { connectBerth } from './client.ts';
import { fakeDaemon, type StreamPeer } from './fake-daemon.ts';

const fails = (kind: string, code: string) => (error: unknown) =>
  error instanceof BerthError && error.kind === kind && error.code === code;

const { stdin, stdout, stderr, error, resize, stdinClose, exit, started } = frameTypes;

test('output arrives in order, then the exit', async (t) => {
  const socket = await fakeDaemon(t, {
    stream(peer) {
      peer.send(started);
      peer.send(stdout, 'a');
      peer.send(stderr, 'b');
      peer.send(stdout, '');
      peer.send(stdout, 'c');
      peer.send(exit, '{"exitCode":3}');
      peer.connection.end();
    },
  });
  const seen: string[] = [];
  const onOutput = async (name: string, bytes: Uint8Array) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    seen.push(`${name}:${Buffer.from(bytes).toString()}`);
  };
  const stream = await connectBerth({ socket }).containers.attach('x', { start: true, onOutput });
  await stream.started;
  assert.deepEqual(await stream.exit, { exitCode: 3 });
  assert.deepEqual(seen, ['stdout:a', 'stderr:b', 'stdout:c']);
});

test('frames in the packet of the upgrade are not lost', async (t) => {
  const socket = await fakeDaemon(t, {
    stream: ({ connection }) =>
      void connection.write(
        Buffer.concat([
          encodeFrame(started),
          encodeFrame(stdout, Buffer.from('x')),
          encodeFrame(exit, Buffer.from('{"exitCode":0}')),
        ]),
      ),
  });
  let seen = '';
  const stream = await connectBerth({ socket }).exec.attach('x', {
    onOutput: (_, bytes) => void (seen += Buffer.from(bytes).toString()),
  });
  await stream.exit;
  assert.equal(seen, 'x');
});

test('input, its end and the size of the terminal go as frames', async (t) => {
  const frames: string[] = [];
  const socket = await fakeDaemon(t, {
    stream(peer) {
      peer.onFrame(({ type, payload }) => {
        frames.push(`${type}:${payload.length > 100 ? payload.length : Buffer.from(payload).toString()}`);
        if (type === stdinClose) peer.send(exit, '{"exitCode":0}');
      });
    },
  });
  const stream = await connectBerth({ socket }).containers.attach('x', { stdin: true, onOutput: () => undefined });
  stream.resize({ rows: 24, columns: 80 });
  await stream.writeStdin(Buffer.from('hello'));
  await stream.writeStdin(new Uint8Array((1 << 20) + 1000));
  stream.closeStdin();
  stream.closeStdin();
  await stream.writeStdin(Buffer.from('too late'));
  await stream.exit;
  assert.deepEqual(frames, [
    `${resize}:{"rows":24,"columns":80}`,
    `${stdin}:hello`,
    `${stdin}:1048576`,
    `${stdin}:1000`,
    `${stdinClose}:`,
  ]);
});

test('a start that fails rejects both promises with its code', async (t) => {
  const socket = await fakeDaemon(t, {
    stream: (peer) => void peer.send(error, '{"kind":"failed_precondition","code":"command_not_found","message":"m"}'),
  });
  const stream = await connectBerth({ socket }).containers.attach('x', { start: true, onOutput: () => undefined });
  await assert.rejects(stream.started, fails('failed_precondition', 'command_not_found'));
  await assert.rejects(stream.exit, fails('failed_precondition', 'command_not_found'));
});

test('an answer instead of the upgrade is that error', async (t) => {
  const body = '{"error":{"kind":"not_found","code":"no_container","message":"m"}}';
  const socket = await fakeDaemon(t, { stream: () => undefined, request: () => undefined });
  const { createServer } = await import('node:net');
  const server = createServer((connection) => {
    connection.once('data', () =>
      connection.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    );
  });
  await new Promise<void>((resolve) => server.listen(`${socket}2`, resolve));
  t.after(() => server.close());
  await assert.rejects(
    connectBerth({ socket: `${socket}2` }).containers.attach('x', { onOutput: () => undefined }),
    fails('not_found', 'no_container'),
  );
});

test('a connection that breaks rejects the exit, in the middle of a frame too', async (t) => {
  const breaks: readonly ((peer: StreamPeer) => void)[] = [
    ({ connection }) => connection.destroy(),
    ({ connection }) => void connection.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 120])),
  ];
  for (const stream of breaks) {
    const socket = await fakeDaemon(t, { stream });
    const attached = await connectBerth({ socket }).containers.attach('x', { onOutput: () => undefined });
    await assert.rejects(attached.exit, fails('unavailable', 'connection_lost'));
  }
});

test('a reader that waits holds the daemon back', async (t) => {
  let written = 0;
  const socket = await fakeDaemon(t, {
    stream(peer) {
      const chunk = Buffer.alloc(65_536, 'x');
      const more = () => {
        while (written < 200 && peer.send(stdout, chunk)) written++;
        if (written < 200) peer.connection.once('drain', more);
        else peer.send(exit, '{"exitCode":0}');
      };
      more();
    },
  });
  const gate = Promise.withResolvers<void>();
  let received = 0;
  const stream = await connectBerth({ socket }).containers.attach('x', {
    onOutput: async (_, bytes) => {
      await gate.promise;
      received += bytes.length;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(written < 100, `${written} frames were taken while nobody read`);
  gate.resolve();
  await stream.exit;
  assert.ok(received >= 200 * 65_536);
});

test('a reader that fails ends the stream with its own error', async (t) => {
  const socket = await fakeDaemon(t, { stream: (peer) => void peer.send(stdout, 'x') });
  const failure = new Error('full');
  const stream = await connectBerth({ socket }).containers.attach('x', { onOutput: () => Promise.reject(failure) });
  await assert.rejects(stream.exit, failure);
});

test('closing and aborting end the wait, and the daemon sees it', async (t) => {
  const closed: Promise<void>[] = [];
  const socket = await fakeDaemon(t, {
    stream: ({ connection }) => {
      closed.push(new Promise((resolve) => connection.once('end', () => resolve())));
      connection.resume();
    },
  });
  const client = connectBerth({ socket });
  const first = await client.containers.attach('x', { onOutput: () => undefined });
  first.close();
  await assert.rejects(first.exit, fails('cancelled', 'stream_closed'));
  const abort = new AbortController();
  const second = await client.containers.attach('x', { signal: abort.signal, onOutput: () => undefined });
  const reason = new Error('enough');
  abort.abort(reason);
  await assert.rejects(second.exit, reason);
  await Promise.all(closed);
});
