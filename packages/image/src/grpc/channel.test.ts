import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { isKind } from '@berth/model/error';
import {
  Content,
  ReadContentResponseSchema,
  type WriteContentRequest,
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from '@berth/wire/gen/containerd/services/content/v1/content_pb';
import { Version, VersionResponseSchema } from '@berth/wire/gen/containerd/services/version/v1/version_pb';
import { Channel } from './channel.ts';
import { framed, FrameReader } from '@berth/wire/grpc/frame';

type Answer = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

const folder = mkdtempSync('/tmp/bg-');
const socket = join(folder, 's');
const server = http2.createServer();
const sessions = new Set<http2.ServerHttp2Session>();
let answer: Answer = (stream) => stream.respond({ ':status': 500 });

before(async () => {
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    stream.on('error', () => undefined);
    answer(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});

after(async () => {
  for (const session of sessions) session.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

function begin(stream: http2.ServerHttp2Stream, trailers: Record<string, string> = { 'grpc-status': '0' }): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
}

function versionAnswer(version: string): Buffer {
  return framed(toBinary(VersionResponseSchema, create(VersionResponseSchema, { version })));
}

const kindOf = (kind: Parameters<typeof isKind>[1]) => (error: unknown) => isKind(error, kind);

test('a unary call carries metadata there and a message back', async () => {
  let seen: http2.IncomingHttpHeaders = {};
  answer = (stream, headers) => {
    seen = headers;
    begin(stream);
    stream.end(versionAnswer('9'));
  };
  await using channel = await Channel.open({ socket, metadata: { 'containerd-namespace': 'n' } });
  const { version } = await channel.unary(
    Version.method.version,
    {},
    { metadata: { 'containerd-lease': 'l' }, timeout: 5000 },
  );
  assert.equal(version, '9');
  assert.equal(seen[':path'], '/containerd.services.version.v1.Version/Version');
  assert.deepEqual(
    [seen['containerd-namespace'], seen['containerd-lease'], seen['te'], seen['grpc-timeout']],
    ['n', 'l', 'trailers', '5000m'],
  );
});

test('the status tells the kind, its message is decoded', async () => {
  answer = (stream) => {
    begin(stream, { 'grpc-status': '5', 'grpc-message': 'image "%C3%BC": not found' });
    stream.end();
  };
  await using channel = await Channel.open({ socket });
  await assert.rejects(
    channel.unary(Version.method.version, {}),
    (error) => isKind(error, 'not_found') && error.message === 'image "ü": not found',
  );
  // Without a body the status is in the head.
  answer = (stream) =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '6' }, { endStream: true });
  await assert.rejects(channel.unary(Version.method.version, {}), kindOf('already_exists'));
});

test('an answer that is not of gRPC is told as such', async () => {
  answer = (stream) => {
    stream.respond({ ':status': 404, 'content-type': 'text/html' });
    stream.end('<html>');
  };
  await using channel = await Channel.open({ socket });
  await assert.rejects(
    channel.unary(Version.method.version, {}),
    (error) => isKind(error, 'unimplemented') && error.code === 'bad_answer',
  );
});

test('a server stream is read to its end, and not faster than it is asked for', async () => {
  let written = 0;
  const piece = framed(
    toBinary(ReadContentResponseSchema, create(ReadContentResponseSchema, { data: new Uint8Array(1 << 20) })),
  );
  answer = (stream) => {
    begin(stream);
    const more = (): void => {
      while (written < 40) {
        written++;
        if (!stream.write(piece)) return void stream.once('drain', more);
      }
      stream.end();
    };
    more();
  };
  await using channel = await Channel.open({ socket });
  let count = 0;
  for await (const { data } of channel.serverStream(Content.method.read, { digest: 'x' })) {
    assert.equal(data.length, 1 << 20);
    if (count++ > 0) continue;
    await sleep(100);
    assert.ok(written < 20, `${written} of 40 messages were sent ahead`);
  }
  assert.equal(count, 40);
});

/** Answers each request of Content.Write with the offset after it. */
function ingest(stream: http2.ServerHttp2Stream, onRequest: (request: WriteContentRequest) => void): void {
  begin(stream);
  const frames = new FrameReader(16 << 20);
  let offset = 0n;
  stream.on('data', (piece: Buffer) => {
    frames.add(piece);
    for (let next = frames.next(); next !== undefined; next = frames.next()) {
      const request = fromBinary(WriteContentRequestSchema, next);
      onRequest(request);
      offset += BigInt(request.data.length);
      stream.write(framed(toBinary(WriteContentResponseSchema, create(WriteContentResponseSchema, { offset }))));
    }
  });
  stream.on('end', () => stream.end());
}

test('both directions of a call flow at once', async () => {
  answer = (stream) => ingest(stream, () => undefined);
  await using channel = await Channel.open({ socket });
  await using call = channel.call(Content.method.write);
  const data = new Uint8Array(3 << 20);
  const offsets: bigint[] = [];
  const receiving = (async () => {
    for (let next = await call.receive(); next !== undefined; next = await call.receive()) offsets.push(next.offset);
  })();
  for (let turn = 0; turn < 10; turn++) assert.equal(await call.send({ ref: 'r', data }), true);
  call.finish();
  await receiving;
  assert.deepEqual(
    offsets,
    Array.from({ length: 10 }, (_, at) => BigInt((at + 1) * (3 << 20))),
  );
});

test('a sender waits for a server that does not read', async () => {
  answer = (stream) => begin(stream);
  await using channel = await Channel.open({ socket });
  await using call = channel.call(Content.method.write);
  let sent = 0;
  const sending = (async () => {
    while (sent < 100 && (await call.send({ data: new Uint8Array(1 << 20) }))) sent++;
  })();
  await sleep(100);
  assert.ok(sent < 20, `${sent} messages were sent to a server that does not read`);
  await call[Symbol.asyncDispose]();
  await sending;
  assert.ok(sent < 100);
});

test('a sender is told that the server is done, and the receiver why', async () => {
  answer = (stream) => {
    begin(stream, { 'grpc-status': '6', 'grpc-message': 'there' });
    stream.end();
  };
  await using channel = await Channel.open({ socket });
  await using call = channel.call(Content.method.write);
  const receiving = assert.rejects(call.receive(), kindOf('already_exists'));
  while (await call.send({ data: new Uint8Array(1000) })) await sleep(1);
  await receiving;
});

test('a deadline, an aborted signal and a lost connection end a call that waits', async () => {
  answer = (stream) => begin(stream);
  await using channel = await Channel.open({ socket });
  await assert.rejects(channel.unary(Version.method.version, {}, { timeout: 30 }), kindOf('deadline_exceeded'));
  const reason = new Error('enough');
  const abort = new AbortController();
  setTimeout(() => abort.abort(reason), 30);
  await assert.rejects(
    channel.unary(Version.method.version, {}, { signal: abort.signal }),
    (error) => error === reason,
  );
  const waiting = assert.rejects(
    channel.unary(Version.method.version, {}),
    (error) => isKind(error, 'unavailable') && error.code === 'connection_lost',
  );
  await sleep(30);
  for (const session of sessions) session.destroy();
  await waiting;
  await assert.rejects(channel.unary(Version.method.version, {}), kindOf('unavailable'));
});

test('messages above the limit are refused, both ways', async () => {
  answer = (stream) => {
    begin(stream);
    stream.end(versionAnswer('x'.repeat(2000)));
  };
  await using channel = await Channel.open({ socket, maxMessageSize: 1000 });
  await assert.rejects(
    channel.unary(Version.method.version, {}),
    (error) => isKind(error, 'resource_exhausted') && error.code === 'message_too_large',
  );
  await using call = channel.call(Content.method.write);
  await assert.rejects(call.send({ data: new Uint8Array(2000) }), kindOf('resource_exhausted'));
});

test('a socket that is not there is named', async () => {
  await assert.rejects(
    Channel.open({ socket: join(folder, 'none') }),
    (error) => isKind(error, 'unavailable') && error.code === 'no_server' && error.message.includes('none'),
  );
});
