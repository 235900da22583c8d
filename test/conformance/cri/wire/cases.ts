import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import { RuntimeService, VersionRequestSchema } from '@berth/wire/gen/cri/v1/api_pb';
import { create, toBinary } from '@bufbuild/protobuf';
import { Channel } from '@berth/image/grpc/channel';
import { framePrefix } from '@berth/wire/grpc/frame';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refused.ts';

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request over HTTP/2 that need not be one of gRPC. */
async function request(socket: string, path: string, body: Uint8Array, more: http2.OutgoingHttpHeaders = {}) {
  const session = http2.connect('http://localhost', { createConnection: () => net.connect(socket) });
  try {
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...more };
    const stream = session.request(headers);
    const answer: { headers: http2.IncomingHttpHeaders; trailers: http2.IncomingHttpHeaders } = {
      headers: {},
      trailers: {},
    };
    stream.on('response', (told) => (answer.headers = told)).on('trailers', (told) => (answer.trailers = told));
    stream.end(body);
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    await new Promise(setImmediate);
    return { ...answer, body: Buffer.concat(parts) } satisfies Answer;
  } finally {
    session.close();
  }
}

function statusOf({ headers, trailers }: Answer): string | undefined {
  return (trailers['grpc-status'] ?? headers['grpc-status']) as string | undefined;
}

function framed(bytes: Uint8Array): Buffer {
  return Buffer.concat([framePrefix(bytes.length), bytes]);
}

const version = framed(toBinary(VersionRequestSchema, create(VersionRequestSchema, { version: '0.1.0' })));
const path = '/runtime.v1.RuntimeService/Version';

export const cases: readonly Case[] = [
  {
    name: 'a call is answered with a message and a status behind it',
    run: async ({ target }) => {
      const answer = await request(target.socket, path, version);
      assert.equal(answer.headers[':status'], 200);
      assert.match(answer.headers['content-type'] ?? '', /^application\/grpc/);
      assert.equal(statusOf(answer), '0');
      assert.ok(answer.body.length > 5);
    },
  },
  {
    name: 'a message in several pieces is one message',
    run: async ({ target }) => {
      const session = http2.connect('http://localhost', { createConnection: () => net.connect(target.socket) });
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      let status: unknown;
      stream.on('trailers', (told) => (status = told['grpc-status']));
      for (const byte of version.subarray(0, -1)) {
        stream.write(Buffer.from([byte]));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      stream.end(version.subarray(-1));
      for await (const _ of stream);
      await new Promise(setImmediate);
      session.close();
      assert.equal(status, '0');
    },
  },
  ...['/runtime.v1.RuntimeService/NoSuchMethod', '/runtime.v9.NoSuchService/Version'].map((unknown): Case => ({
    name: `${unknown} is not implemented`,
    run: async ({ target }) => assert.equal(statusOf(await request(target.socket, unknown, version)), '12'),
  })),
  {
    name: 'what is no message of the method is refused',
    run: async ({ target }) => {
      const status = statusOf(await request(target.socket, path, framed(Buffer.from([0x0a, 0xff, 0xff, 0x01]))));
      assert.ok(status === '13' || status === '3', String(status));
    },
  },
  {
    name: 'a message beyond 16 MiB is refused, and the server goes on',
    run: async (kubelet) => {
      const config = kubelet.podConfig({ annotations: { big: 'x'.repeat(17 << 20) } });
      await using large = await Channel.open({ socket: kubelet.target.socket, maxMessageSize: 64 << 20 });
      await refused(large.unary(RuntimeService.method.runPodSandbox, { config }), 'resource_exhausted');
      await kubelet.runtime.version();
    },
  },
  {
    name: 'fields that the server does not know do not disturb it',
    run: async ({ target }) => {
      // Field 1000, a string.
      const unknown = Buffer.from([0xc2, 0x3e, 0x03, 0x61, 0x62, 0x63]);
      assert.equal(statusOf(await request(target.socket, path, framed(unknown))), '0');
    },
  },
  {
    name: 'a deadline that has passed ends the call',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const call = { containerId: container.id, cmd: ['sleep', '100'] };
      await refused(kubelet.runtime.execSync(call, { timeout: 300 }), 'deadline_exceeded', 'cancelled');
      assert.equal(await container.shell('echo goes on'), 'goes on');
    },
  },
  {
    name: 'many calls on one connection are answered side by side',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const slow = container.exec(['sleep', '1']);
      const quick = await Promise.all(Array.from({ length: 50 }, () => kubelet.runtime.version()));
      assert.equal(quick.length, 50);
      assert.equal((await slow).code, 0);
    },
  },
  {
    name: 'a client that goes away in the middle of a call does not disturb others',
    run: async (kubelet) => {
      for (let turn = 0; turn < 5; turn++) {
        const socket = net.connect(kubelet.target.socket);
        await new Promise((resolve) => socket.once('connect', resolve));
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        socket.destroy();
      }
      await kubelet.runtime.version();
    },
  },
];
