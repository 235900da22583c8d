import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { it } from 'node:test';
import type { PortForwardSession } from '@berth/engine/api/streaming/contract';
import { SpdyClient, type SpdyClientStream } from '../harness/spdy.ts';
import { WebSocketClient } from '../harness/web-socket.ts';
import { streamingDoor } from './streaming-door.ts';

const protocols = ['portforward.k8s.io'];

/** A server in the place of a pod's. */
async function serve(onConnection: (socket: Socket) => void): Promise<Server & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function session(...ports: readonly number[]): PortForwardSession {
  return {
    ports,
    connect: async (port) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    },
  };
}

interface Pair {
  readonly error: SpdyClientStream;
  readonly data: SpdyClientStream;
}

async function open(client: SpdyClient, port: number, requestid: string): Promise<Pair> {
  const headers = { port: String(port), requestid };
  const error = await client.open({ streamtype: 'error', ...headers });
  await error.end();
  return { error, data: await client.open({ streamtype: 'data', ...headers }) };
}

it('hands a half-close on, and waits for the answer behind it', async () => {
  await using door = await streamingDoor();
  await using server = await serve((socket) => {
    let size = 0;
    socket.on('data', (bytes: Buffer) => (size += bytes.length));
    // Longer than what is left behind a half-close of the pod.
    socket.once('end', () => setTimeout(() => socket.end(`${size} bytes`), 1200));
  });
  using client = await SpdyClient.connect(door.portForward(session()), { protocols });
  assert.equal(client.protocol, 'portforward.k8s.io');
  const { data, error } = await open(client, portOf(server), '1');
  await data.write('x'.repeat(100_000));
  await data.end();
  assert.equal(await data.text(), '100000 bytes');
  assert.equal(await error.text(), '');
});

it('resets the data stream and says nothing else when the pod breaks a connection off', async () => {
  await using door = await streamingDoor();
  await using server = await serve((socket) => socket.once('data', () => socket.resetAndDestroy()));
  using client = await SpdyClient.connect(door.portForward(session()), { protocols });
  const { data, error } = await open(client, portOf(server), '1');
  await data.write('x');
  await data.text();
  assert.equal(data.reset, 5);
  assert.equal(await error.text(), '');
  await client.ping();
});

it('outlives a pod that closes its connection while the client still sends', async () => {
  await using door = await streamingDoor();
  const { promise: pod, resolve } = Promise.withResolvers<Socket>();
  await using server = await serve((socket) => {
    socket.end('enough');
    resolve(socket);
  });
  using client = await SpdyClient.connect(door.portForward(session()), { protocols });
  const { data, error } = await open(client, portOf(server), '1');
  assert.equal(await data.text(), 'enough');
  (await pod).resetAndDestroy();
  const over = new AbortController();
  const said = error.text().finally(() => over.abort());
  while (!over.signal.aborted) {
    await data.write('more than anybody reads');
    await client.ping();
  }
  assert.equal(await said, '');
});

it('closes the connection into the pod when the client cancels its stream, or is gone', async () => {
  await using door = await streamingDoor();
  const closed: Promise<unknown>[] = [];
  await using server = await serve((socket) => {
    closed.push(once(socket, 'close'));
    socket.resume();
    socket.once('end', () => socket.end());
  });
  {
    using client = await SpdyClient.connect(door.portForward(session()), { protocols });
    const first = await open(client, portOf(server), '1');
    await open(client, portOf(server), '2');
    while (closed.length < 2) await client.ping();
    await first.data.cancel();
    await closed[0];
  }
  await closed[1];
});

it('tells on the error stream that a port cannot be reached, and serves the next connection', async () => {
  await using door = await streamingDoor();
  await using server = await serve((socket) => socket.end('hello'));
  using client = await SpdyClient.connect(door.portForward(session()), { protocols });
  const bad = await open(client, 1, 'a');
  assert.match(await bad.error.text(), /cannot forward to port 1: .*ECONNREFUSED/);
  await bad.data.text();
  const good = await open(client, portOf(server), 'b');
  assert.equal(await good.data.text(), 'hello');
});

it('makes no more than a thousand connections at once, though the client has reset those that are on their way', async () => {
  await using door = await streamingDoor();
  const { promise: never } = Promise.withResolvers<Duplex>();
  let count = 0;
  const waiting: PortForwardSession = {
    ports: [],
    connect: () => {
      count++;
      return never;
    },
  };
  using client = await SpdyClient.connect(door.portForward(waiting), { protocols });
  for (let index = 0; index < 1000; index++) {
    const headers = { port: '80', requestid: String(index) };
    const error = await client.begin({ streamtype: 'error', ...headers });
    const data = await client.begin({ streamtype: 'data', ...headers });
    await error.cancel();
    await data.cancel();
  }
  const { data } = await open(client, 80, 'one more');
  await data.text();
  assert.equal(data.reset, 3);
  assert.equal(count, 1000);
});

it('pairs the streams of clients that do not number them', async () => {
  await using door = await streamingDoor();
  await using server = await serve((socket) => socket.pipe(socket));
  using client = await SpdyClient.connect(door.portForward(session()), { protocols });
  const port = String(portOf(server));
  for (const text of ['one', 'two']) {
    const error = await client.open({ streamtype: 'error', port });
    const data = await client.open({ streamtype: 'data', port });
    await data.write(text);
    await data.end();
    assert.equal(await data.text(), text);
    assert.equal(await error.text(), '');
  }
});

it('rejects streams without a port or a type, and those that nobody waits for twice', async () => {
  await using door = await streamingDoor({ creationTimeout: 100 });
  using client = await SpdyClient.connect(door.portForward(session()), { protocols });
  for (const headers of [
    { streamtype: 'data', requestid: '1' },
    { streamtype: 'data', port: '0', requestid: '1' },
    { streamtype: 'data', port: '65536', requestid: '1' },
    { streamtype: 'data', port: '+80', requestid: '1' },
    { streamtype: 'other', port: '80', requestid: '1' },
    { port: '80', requestid: '1' },
  ] as Record<string, string>[]) {
    await assert.rejects(client.open(headers), /reset: 5/, JSON.stringify(headers));
  }
  const alone = await client.open({ streamtype: 'error', port: '80', requestid: '7' });
  await assert.rejects(client.open({ streamtype: 'error', port: '80', requestid: '7' }), /reset: 5/);
  await assert.rejects(client.open({ streamtype: 'data', port: '81', requestid: '7' }), /reset: 5/);
  assert.match(await alone.text(), /in time/);
});

it('carries each port on channels of its own over WebSocket, which first say its number', async () => {
  await using door = await streamingDoor();
  await using echo = await serve((socket) => socket.once('data', (bytes) => socket.end(bytes)));
  for (const protocol of [[], ['v4.channel.k8s.io'], ['v4.base64.channel.k8s.io']]) {
    const ports = [portOf(echo), 1];
    using client = await WebSocketClient.connect(door.portForward(session(...ports)), protocol);
    if (protocol[0]?.includes('base64')) await client.send(1, Buffer.from(`0${Buffer.from('hi').toString('base64')}`));
    else await client.channel(0, 'hi');
    const said = await client.channels();
    const numbers = ports.map((port) => Buffer.from([port & 0xff, port >>> 8]));
    assert.deepEqual(said.get(0), Buffer.concat([numbers[0]!, Buffer.from('hi')]));
    assert.deepEqual(said.get(1), numbers[0]);
    assert.deepEqual(said.get(2), numbers[1]);
    assert.match(said.get(3)?.subarray(2).toString() ?? '', /ECONNREFUSED/);
    assert.equal(said.get('close')?.readUInt16BE(0), 1000);
  }
});

it('tunnels SPDY through WebSocket', async () => {
  await using door = await streamingDoor();
  await using server = await serve((socket) => socket.pipe(socket));
  const url = door.portForward(session());
  using webSocket = await WebSocketClient.connect(url, ['SPDY/3.1+portforward.k8s.io']);
  assert.equal(webSocket.protocol, 'SPDY/3.1+portforward.k8s.io');
  const tunnel = new Duplex({
    read: () =>
      void webSocket.next().then((frame) => {
        if (frame === undefined || frame.code === 8) tunnel.push(null);
        else tunnel.push(frame.bytes);
      }),
    write: (bytes: Buffer, _encoding, done) => void webSocket.send(2, bytes).finally(done),
  });
  using client = new SpdyClient(tunnel);
  const pairs = await Promise.all(['1', '2', '3'].map((id) => open(client, portOf(server), id)));
  for (const [index, { data }] of pairs.entries()) {
    const text = `${index}`.repeat(200_000);
    await data.write(text);
    await data.end();
    assert.equal(await data.text(), text);
  }
});
