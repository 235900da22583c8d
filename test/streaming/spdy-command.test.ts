import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { BerthError } from '@berth/model/error';
import { Refused } from '../harness/upgrade.ts';
import { control, SpdyClient, type SpdyClientStream, word } from '../harness/spdy.ts';
import { command, echo, streamingDoor } from './streaming-door.ts';

const v4 = { protocols: ['v4.channel.k8s.io'] };

/** Opens the streams in the order of client-go. */
async function open(client: SpdyClient, ...types: readonly string[]): Promise<SpdyClientStream[]> {
  return await Promise.all(types.map((streamtype) => client.open({ streamtype })));
}

it('carries standard input and output, tells success, and closes', async () => {
  await using door = await streamingDoor();
  using client = await SpdyClient.connect(door.exec(echo), v4);
  const [error, stdin, stdout] = (await open(client, 'error', 'stdin', 'stdout')) as [
    SpdyClientStream,
    SpdyClientStream,
    SpdyClientStream,
  ];
  await stdin.write('hello ');
  await stdin.write('world');
  await stdin.end();
  assert.equal(await stdout.text(), 'hello world');
  assert.equal(await error.text(), '{"status":"Success"}');
  await client.closed;
  assert.equal(client.goAway, 0);
});

it('chooses the first protocol of the client that it knows', async () => {
  await using door = await streamingDoor();
  const protocols = ['v9.channel.k8s.io', 'v3.channel.k8s.io', 'v4.channel.k8s.io'];
  using client = await SpdyClient.connect(door.exec(echo), { protocols });
  assert.equal(client.protocol, 'v3.channel.k8s.io');
  using listed = await SpdyClient.connect(door.exec(echo), { protocols: ['v9.channel.k8s.io, v2.channel.k8s.io'] });
  assert.equal(listed.protocol, 'v2.channel.k8s.io');
});

const outcomes: readonly [name: string, run: () => Promise<{ exitCode: number }>, v4: string, plain: string][] = [
  ['success', () => Promise.resolve({ exitCode: 0 }), '{"status":"Success"}', ''],
  [
    'an exit code',
    () => Promise.resolve({ exitCode: 7 }),
    '{"status":"Failure","message":"command terminated with exit code 7","reason":"NonZeroExitCode",' +
      '"details":{"causes":[{"reason":"ExitCode","message":"7"}]}}',
    'command terminated with exit code 7',
  ],
  [
    'a command that could not be run',
    () => Promise.reject(new BerthError('failed_precondition', 'no such command')),
    '{"status":"Failure","message":"no such command","reason":"InternalError","code":500}',
    'no such command',
  ],
];

for (const [name, run, json, plain] of outcomes) {
  it(`tells ${name}: as JSON from version 4 on, before that in words`, async () => {
    await using door = await streamingDoor();
    const versions = [
      ['v5', json],
      ['v4', json],
      ['v3', plain],
      ['v2', plain],
    ] as const;
    for (const [version, expected] of versions) {
      const protocols = [`${version}.channel.k8s.io`];
      using client = await SpdyClient.connect(door.exec(command({ run })), { protocols });
      const [error, stdout] = (await open(client, 'error', 'stdout')) as [SpdyClientStream, SpdyClientStream];
      assert.equal(await error.text(), expected, version);
      assert.equal(await stdout.text(), '');
      await client.closed;
    }
  });
}

it('hands on the sizes of a terminal in their order, with a resize stream only from version 3 on', async () => {
  await using door = await streamingDoor();
  const seen: string[] = [];
  const terminal = command({
    tty: true,
    stdin: true,
    run: async ({ resizes }) => {
      for await (const { rows, columns } of resizes) seen.push(`${columns}x${rows}`);
      return { exitCode: 0 };
    },
  });
  using client = await SpdyClient.connect(door.exec(terminal), v4);
  const [, , , resize] = await open(client, 'error', 'stdin', 'stdout', 'resize');
  await resize?.write('{"Width":80,"Height":24}\n{"Width":1');
  await resize?.write('32,"Height":43}\n{"Width":0,"Height":3}\nnonsense}\n');
  await resize?.write('{"Width":10,"Height":5}\n');
  await resize?.end();
  await client.closed;
  assert.deepEqual(seen, ['80x24', '132x43', '10x5']);
  using old = await SpdyClient.connect(door.exec(command({ tty: true, run: () => Promise.resolve({ exitCode: 0 }) })), {
    protocols: ['v2.channel.k8s.io'],
  });
  await open(old, 'error', 'stdout');
  await old.closed;
});

it('tells the command when its client is gone, after all that the client has sent', async () => {
  await using door = await streamingDoor();
  const { promise, resolve } = Promise.withResolvers<string>();
  const sink = command({
    stdin: true,
    run: async ({ stdin = [], signal }) => {
      let text = '';
      for await (const bytes of stdin) text += Buffer.from(bytes).toString();
      resolve(`${text} ${signal.aborted}`);
      return { exitCode: 0 };
    },
  });
  {
    using client = await SpdyClient.connect(door.exec(sink), v4);
    const [, stdin] = await open(client, 'error', 'stdin', 'stdout');
    await stdin?.write('the last words');
    await client.ping();
  }
  assert.equal(await promise, 'the last words true');
});

it('resets streams that were not asked for, and those that come twice', async () => {
  await using door = await streamingDoor();
  const wait = command({
    run: async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { exitCode: 0 };
    },
  });
  using client = await SpdyClient.connect(door.exec(wait), v4);
  await assert.rejects(client.open({ streamtype: 'stdin' }), /reset: 5/);
  await client.open({ streamtype: 'error' });
  await assert.rejects(client.open({ streamtype: 'error' }), /reset: 5/);
  await assert.rejects(client.open({}), /reset: 5/);
  await client.open({ streamtype: 'stdout' });
});

it('gives a client up that does not open its streams', async () => {
  await using door = await streamingDoor({ creationTimeout: 20 });
  using client = await SpdyClient.connect(door.exec(echo), v4);
  await client.open({ streamtype: 'error' });
  await client.closed;
  assert.equal(client.goAway, 0);
});

it('refuses what is no upgrade that it knows, and unknown, used and mismatched URLs', async () => {
  await using door = await streamingDoor();
  const refused = async (url: string, protocols: readonly string[]): Promise<Refused> => {
    const error: unknown = await SpdyClient.connect(url, { protocols }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof Refused, String(error));
    return error;
  };
  assert.equal((await refused(door.exec(echo), [])).status, 400);
  assert.equal((await refused(door.exec(echo), [' '])).status, 400);
  const unknown = await refused(door.exec(echo), ['v9.channel.k8s.io']);
  assert.equal(unknown.status, 403);
  assert.ok(unknown.answer.rawHeaders.filter((name) => name === 'X-Accepted-Stream-Protocol-Versions').length === 5);
  const url = door.exec(echo);
  (await SpdyClient.connect(url, v4))[Symbol.dispose]();
  assert.equal((await refused(url, v4.protocols)).status, 404);
  assert.equal((await refused(door.exec(echo).replace('/exec/', '/attach/'), v4.protocols)).status, 404);
  assert.equal((await refused(url.replace(/[^/]*$/, 'unknown'), v4.protocols)).status, 404);
  assert.equal((await fetch(door.exec(echo), { method: 'PUT' })).status, 405);
  assert.equal((await fetch(door.exec(echo))).status, 400);
  assert.equal((await fetch(url)).status, 404);
});

it('gives no more than a thousand URLs that wait', async () => {
  await using door = await streamingDoor();
  for (let count = 0; count < 1000; count++) door.exec(echo);
  assert.throws(() => door.attach(echo), { kind: 'resource_exhausted', code: 'too_many_tokens' });
});

it('echoes pings, and lives through what it does not know', async () => {
  await using door = await streamingDoor();
  using client = await SpdyClient.connect(door.exec(echo), v4);
  await client.ping();
  // SETTINGS, WINDOW_UPDATE and a type of nobody's.
  await client.send(control(4, 0, word(0)));
  await client.send(control(9, 0, Buffer.concat([word(1), word(65_536)])));
  await client.send(control(77, 0, Buffer.from('whatever')));
  await client.ping();
});

it('ends connections that are silent for longer than allowed', async () => {
  await using door = await streamingDoor({ idleTimeout: 50 });
  using client = await SpdyClient.connect(door.exec(echo), v4);
  await open(client, 'error', 'stdin', 'stdout');
  await client.closed;
});

it('carries 256 MiB each way at once without losing a byte, for a hundred clients in turn of ten', async () => {
  await using door = await streamingDoor();
  const chunk = Buffer.alloc(256 * 1024);
  for (let at = 0; at < chunk.length; at++) chunk[at] = at * 31;
  const one = async (chunks: number): Promise<void> => {
    using client = await SpdyClient.connect(door.exec(echo), v4);
    const [error, stdin, stdout] = (await open(client, 'error', 'stdin', 'stdout')) as [
      SpdyClientStream,
      SpdyClientStream,
      SpdyClientStream,
    ];
    const [sent, received] = [createHash('sha1'), createHash('sha1')];
    const sending = (async () => {
      for (let count = 0; count < chunks; count++) {
        sent.update(chunk);
        await stdin.write(chunk);
      }
      await stdin.end();
    })();
    let size = 0;
    for await (const bytes of stdout.output) {
      received.update(bytes);
      size += bytes.length;
    }
    await sending;
    assert.equal(size, chunks * chunk.length);
    assert.equal(received.digest('hex'), sent.digest('hex'));
    assert.equal(await error.text(), '{"status":"Success"}');
  };
  await one(1024);
  for (let turn = 0; turn < 10; turn++) await Promise.all(Array.from({ length: 10 }, () => one(8)));
});

it('holds a command back whose client does not read, in bounded memory', async () => {
  await using door = await streamingDoor();
  let written = 0;
  const flood = command({
    run: async (streams) => {
      const bytes = Buffer.alloc(65_536);
      while (!streams.signal.aborted && written < 1 << 30) {
        await streams.write('stdout', bytes);
        written += bytes.length;
      }
      return { exitCode: 0 };
    },
  });
  using client = await SpdyClient.connect(door.exec(flood), v4);
  await open(client, 'error', 'stdout');
  for (let before = -1; before !== written;) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // The sockets' own buffers, ours, and the client's queue.
  assert.ok(written < 32 << 20, `${written} bytes went nowhere`);
});

it('lives through clients that send noise, and serves the next one', async () => {
  await using door = await streamingDoor();
  const block = (noise: Buffer): Buffer => control(1, 0, Buffer.concat([word(1), word(0), Buffer.from([0, 0]), noise]));
  const noises = [
    ...Array.from({ length: 30 }, (_, index) => randomBytes(index * 7)),
    ...Array.from({ length: 10 }, (_, index) => block(randomBytes(index * 5))),
    control(2, 0, word(1)),
    control(1, 0, Buffer.alloc(2)),
  ];
  for (const noise of noises) {
    using client = await SpdyClient.connect(door.exec(echo), v4);
    await client.send(noise);
    await client.send(control(6, 0, Buffer.alloc(3)));
    // What looks like the head of a long data frame swallows all that follows.
    if (noise.length === 0 || noise[0]! >= 0x80) await client.closed;
  }
  using client = await SpdyClient.connect(door.exec(echo), v4);
  await client.ping();
});
