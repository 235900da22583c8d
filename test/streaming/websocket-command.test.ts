import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CommandSession } from '@berth/engine/api/streaming/contract';
import { Refused, upgrade } from '../harness/upgrade.ts';
import { WebSocketClient } from '../harness/web-socket.ts';
import { command, echo, streamingDoor } from './streaming-door.ts';

/** Reads its input to the end, then says how much that was on both outputs, and ends with 2. */
const count: CommandSession = command({
  stdin: true,
  stderr: true,
  run: async (streams) => {
    let size = 0;
    for await (const bytes of streams.stdin ?? []) size += bytes.length;
    await streams.write('stdout', Buffer.from(`${size}`));
    await streams.write('stderr', Buffer.from('over'));
    return { exitCode: 2 };
  },
});

const failure = /^\{"status":"Failure".*"reason":"NonZeroExitCode".*"message":"2"/;

it('tells first that it is ready, on the first output that was asked for', async () => {
  await using door = await streamingDoor();
  const end = command({ run: () => Promise.resolve({ exitCode: 0 }) });
  const choices = [
    [{ stdout: true, stderr: true }, 1],
    [{ stdout: false, stderr: true }, 2],
    [{ stdout: false, stderr: false, stdin: true }, 3],
  ] as const;
  for (const [streams, channel] of choices) {
    using client = await WebSocketClient.connect(door.exec({ ...end, ...streams }), ['v4.channel.k8s.io']);
    assert.deepEqual(await client.next(), { code: 2, bytes: Buffer.from([channel]) });
  }
});

it('half-closes standard input in version 5, and tells the exit code as JSON', async () => {
  await using door = await streamingDoor();
  using client = await WebSocketClient.connect(door.exec(count), ['v5.channel.k8s.io']);
  assert.equal(client.protocol, 'v5.channel.k8s.io');
  await client.channel(0, 'x'.repeat(70_000));
  await client.send(2, new Uint8Array(0));
  await client.channel(9, 'nobody is there');
  await client.send(2, Uint8Array.of(255, 0));
  const said = await client.channels();
  assert.equal(said.get(1)?.toString(), '70000');
  assert.equal(said.get(2)?.toString(), 'over');
  assert.match(String(said.get(3)), failure);
  assert.equal(said.get('close')?.readUInt16BE(0), 1000);
});

it('takes a close signal for an unknown channel, or of another length, as the end of the connection', async () => {
  await using door = await streamingDoor();
  for (const bad of [[255], [255, 5], [255, 0, 0]]) {
    using client = await WebSocketClient.connect(door.exec(count), ['v5.channel.k8s.io']);
    await client.send(2, Uint8Array.from(bad));
    const said = await client.channels();
    assert.equal(said.get('close')?.readUInt16BE(0), 1002, String(bad));
  }
});

it('does not wait for the end of a close signal that is too long already', async () => {
  await using door = await streamingDoor();
  using client = await WebSocketClient.connect(door.exec(count), ['v5.channel.k8s.io']);
  await client.send(2, Uint8Array.of(255), { fin: false });
  for (const byte of [0, 0]) await client.send(0, Uint8Array.of(byte), { fin: false });
  const said = await client.channels();
  assert.equal(said.get('close')?.readUInt16BE(0), 1002);
});

it('does not know the close signal before version 5: there the end of the connection ends the input', async () => {
  await using door = await streamingDoor();
  const { promise, resolve } = Promise.withResolvers<number>();
  const sink = command({
    stdin: true,
    run: async ({ stdin = [] }) => {
      let size = 0;
      for await (const bytes of stdin) size += bytes.length;
      resolve(size);
      return { exitCode: 0 };
    },
  });
  using client = await WebSocketClient.connect(door.exec(sink), ['v4.channel.k8s.io']);
  await client.send(2, Uint8Array.of(255, 0));
  await client.channel(0, 'words');
  client.end();
  assert.equal(await promise, 5);
});

it('speaks base64 where that was asked for, in frames that are cut anywhere', async () => {
  await using door = await streamingDoor();
  const ten = command({
    stdin: true,
    run: async (streams) => {
      let text = '';
      for await (const bytes of streams.stdin ?? []) {
        text += Buffer.from(bytes).toString();
        if (text.length === 10) break;
      }
      await streams.write('stdout', Buffer.from(`${text}!`));
      return { exitCode: 2 };
    },
  });
  const protocols = [
    ['base64.channel.k8s.io', /^command terminated with exit code 2$/],
    ['v4.base64.channel.k8s.io', failure],
  ] as const;
  for (const [protocol, status] of protocols) {
    using client = await WebSocketClient.connect(door.exec(ten), [protocol]);
    const text = Buffer.from('some words').toString('base64');
    await client.send(1, Buffer.from(`0${text.slice(0, 5)}`), { fin: false });
    await client.send(0, Buffer.from(text.slice(5, 6)), { fin: false });
    await client.send(9, Buffer.from('between'));
    await client.send(0, Buffer.from(text.slice(6)));
    const said = await client.channels();
    assert.equal(said.get(1)?.toString(), 'some words!');
    assert.match(String(said.get(3)), status);
    assert.equal(said.get('pong')?.toString(), 'between');
    assert.equal(said.get('close')?.readUInt16BE(0), 1000);
  }
});

it('tells a status in words to clients of the old protocols, and to those that ask for none', async () => {
  await using door = await streamingDoor();
  const three = command({ run: () => Promise.resolve({ exitCode: 3 }) });
  for (const protocols of [[], ['channel.k8s.io'], ['base64.channel.k8s.io'], ['unknown', 'channel.k8s.io']]) {
    using client = await WebSocketClient.connect(door.exec(three), protocols);
    assert.equal(client.protocol, protocols.at(-1) ?? '');
    assert.equal((await client.channels()).get(3)?.toString(), 'command terminated with exit code 3');
  }
  using fine = await WebSocketClient.connect(door.exec(command({ run: () => Promise.resolve({ exitCode: 0 }) })), []);
  assert.equal((await fine.channels()).has(3), false);
});

it('takes sizes of a terminal', async () => {
  await using door = await streamingDoor();
  const terminal = command({
    tty: true,
    run: async ({ resizes }) => {
      for await (const { rows } of resizes) return { exitCode: rows };
      return { exitCode: 0 };
    },
  });
  using client = await WebSocketClient.connect(door.exec(terminal), ['v4.channel.k8s.io']);
  await client.channel(4, '{"Width":80,"Height":43}');
  assert.match(String((await client.channels()).get(3)), /"message":"43"/);
});

it('carries messages of any size both ways, frames that come in pieces among them', async () => {
  await using door = await streamingDoor();
  using client = await WebSocketClient.connect(door.exec(echo), ['v5.channel.k8s.io']);
  const large = Buffer.alloc(20 << 20, 'large ');
  const sending = (async () => {
    await client.channel(0, large);
    await client.send(2, Uint8Array.of(255, 0));
  })();
  const said = await client.channels();
  await sending;
  assert.ok(said.get(1)?.equals(large));
  assert.equal(said.get(3)?.toString(), '{"status":"Success"}');
});

it('refuses handshakes that are none', async () => {
  await using door = await streamingDoor();
  const status = async (headers: Record<string, string>, method = 'GET'): Promise<number> => {
    const asked = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'),
    };
    const error: unknown = await upgrade(door.exec(echo), { method, headers: { ...asked, ...headers } }).catch(
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Refused, String(error));
    return error.status;
  };
  assert.equal(await status({ 'Sec-WebSocket-Version': '8' }), 400);
  assert.equal(await status({ 'Sec-WebSocket-Key': 'short' }), 400);
  assert.equal(await status({}, 'POST'), 400);
  assert.equal(await status({ Upgrade: 'h2c' }), 400);
  assert.equal(await status({ 'Sec-WebSocket-Protocol': 'v9.channel.k8s.io' }), 403);
});

it('ends a connection that breaks the protocol, and tells why', async () => {
  await using door = await streamingDoor();
  const breaches: Record<string, Uint8Array> = {
    'no mask': Uint8Array.of(0x82, 1, 0),
    'reserved bits': Uint8Array.of(0xc2, 0x80, 0, 0, 0, 0),
    'unknown kind': Uint8Array.of(0x83, 0x80, 0, 0, 0, 0),
    'ping in parts': Uint8Array.of(0x09, 0x80, 0, 0, 0, 0),
    'large ping': Uint8Array.of(0x89, 0xfe, 0, 126, 0, 0, 0, 0),
    'continuation of nothing': Uint8Array.of(0x80, 0x80, 0, 0, 0, 0),
    'message in a message': Uint8Array.of(0x02, 0x80, 0, 0, 0, 0, 0x82, 0x80, 0, 0, 0, 0),
  };
  for (const [name, bytes] of Object.entries(breaches)) {
    using client = await WebSocketClient.connect(door.exec(echo), ['v4.channel.k8s.io']);
    await client.raw(bytes);
    assert.equal((await client.channels()).get('close')?.readUInt16BE(0), 1002, name);
  }
});
