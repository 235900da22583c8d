import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { SpdyClient, type SpdyClientStream } from '../harness/spdy.ts';
import { WebSocketClient } from '../harness/web-socket.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { whySkipped } from '../harness/engine.ts';
import { PodPlace } from './pod-place.ts';

const v4 = { protocols: ['v4.channel.k8s.io'] };

describe('streams of pods', { skip: whySkipped || whyNoRegistry }, () => {
  let place: PodPlace;
  let pod = '';
  let box = '';

  before(async () => {
    place = await PodPlace.open();
    pod = await place.run();
    box = await place.start(pod);
  });

  after(async () => {
    await place.removeAll();
    await place.assertNothingLeft();
    await place[Symbol.asyncDispose]();
  });

  const execUrl = async (cmd: readonly string[], streams: object = { stdout: true, stderr: true }): Promise<string> =>
    (await place.cri.runtime.exec({ containerId: box, cmd: [...cmd], ...streams })).url;
  const attachUrl = async (containerId: string, streams: object): Promise<string> =>
    (await place.cri.runtime.attach({ containerId, ...streams })).url;
  const open = async (client: SpdyClient, ...types: readonly string[]): Promise<Record<string, SpdyClientStream>> =>
    Object.fromEntries(
      await Promise.all(types.map(async (streamtype) => [streamtype, await client.open({ streamtype })] as const)),
    );

  /** A command over SPDY with all that it says. */
  const spdy = async (script: string, input = ''): Promise<Record<'stdout' | 'stderr' | 'status', string>> => {
    const url = await execUrl(['sh', '-c', script], { stdin: true, stdout: true, stderr: true });
    using client = await SpdyClient.connect(url, v4);
    const { error, stdin, stdout, stderr } = await open(client, 'error', 'stdin', 'stdout', 'stderr');
    await stdin?.write(input);
    await stdin?.end();
    const [out = '', err = '', status = ''] = await Promise.all([stdout?.text(), stderr?.text(), error?.text()]);
    return { stdout: out, stderr: err, status };
  };

  it('runs a command over SPDY: input to its end, both outputs, its exit code', async () => {
    const said = await spdy('cat; echo bad >&2; exit 3', 'some input');
    assert.equal(said.stdout, 'some input');
    assert.equal(said.stderr, 'bad\n');
    assert.match(said.status, /"reason":"ExitCode","message":"3"/);
    assert.equal((await spdy('true')).status, '{"status":"Success"}');
  });

  it('tells that a command could not be run', async () => {
    using client = await SpdyClient.connect(await execUrl(['/no/such/command'], { stdout: true }), v4);
    const { error, stdout } = await open(client, 'error', 'stdout');
    assert.equal(await stdout?.text(), '');
    assert.match((await error?.text()) ?? '', /"status":"Failure".*InternalError/);
  });

  it('runs a command over WebSocket, with a half-close in version 5', async () => {
    const url = await execUrl(['sh', '-c', 'cat; exit 4'], { stdin: true, stdout: true });
    using client = await WebSocketClient.connect(url, ['v5.channel.k8s.io']);
    assert.equal(client.protocol, 'v5.channel.k8s.io');
    await client.channel(0, 'over the ');
    await client.channel(0, 'web');
    await client.send(2, Uint8Array.of(255, 0));
    const channels = await client.channels();
    assert.equal(channels.get(1)?.toString(), 'over the web');
    assert.match(channels.get(3)?.toString() ?? '', /"message":"4"/);
    assert.equal(channels.get('close')?.readUInt16BE(0), 1000);
  });

  it('gives a command with a terminal its sizes, one after the other', async () => {
    const script =
      'stty -echo; trap "stty size" WINCH; echo ready; until [ "$line" = done ]; do read line; done; echo "<$line>"';
    const url = await execUrl(['sh', '-c', script], { stdin: true, stdout: true, tty: true });
    using client = await SpdyClient.connect(url, v4);
    const { stdin, stdout, resize } = await open(client, 'error', 'stdin', 'stdout', 'resize');
    const seen = new Seen(stdout);
    await seen.has('ready');
    for (const [columns, rows] of [
      [100, 30],
      [90, 20],
      [133, 44],
    ]) {
      await resize?.write(`{"Width":${columns},"Height":${rows}}\n`);
      await seen.has(`${rows} ${columns}`);
    }
    await stdin?.write('done\n');
    await seen.has('<done>');
  });

  it('hangs a terminal up whose client is gone', async () => {
    const url = await execUrl(['sh', '-c', 'echo $$; trap "touch /tmp/hung; exit" HUP; while :; do sleep 0.05; done'], {
      stdin: true,
      stdout: true,
      tty: true,
    });
    {
      using client = await SpdyClient.connect(url, v4);
      const { stdout } = await open(client, 'error', 'stdin', 'stdout', 'resize');
      await new Seen(stdout).has('\n');
    }
    await place.until(async () => (await place.try(box, 'test -e /tmp/hung')).exitCode === 0);
  });

  it('attaches to a container: output from now on, input; it goes on when a client leaves', async () => {
    const reader = await place.start(pod, {
      stdin: true,
      command: ['sh', '-c', 'while read line; do echo "got $line"; done; echo over'],
    });
    const attach = { stdin: true, stdout: true, stderr: true };
    for (const word of ['one', 'two']) {
      using client = await SpdyClient.connect(await attachUrl(reader, attach), v4);
      const { stdin, stdout } = await open(client, 'error', 'stdin', 'stdout', 'stderr');
      await stdin?.write(`${word}\n`);
      await new Seen(stdout).has(`got ${word}\n`);
      await stdin?.end();
    }
    const { status } = await place.cri.runtime.containerStatus({ containerId: reader });
    assert.equal(status?.exitCode, 0);
    await place.cri.runtime.removeContainer({ containerId: reader });
  });

  it('ends the input of a container that takes it once, with its first client, and delivers what it says after that', async () => {
    const reader = await place.start(pod, {
      stdin: true,
      stdinOnce: true,
      command: ['sh', '-c', 'cat; echo over'],
    });
    using client = await SpdyClient.connect(await attachUrl(reader, { stdin: true, stdout: true }), v4);
    const { error, stdin, stdout } = await open(client, 'error', 'stdin', 'stdout');
    await stdin?.write('words ');
    await stdin?.end();
    assert.equal(await stdout?.text(), 'words over\n');
    assert.equal(await error?.text(), '{"status":"Success"}');
    await place.cri.runtime.removeContainer({ containerId: reader });
  });

  it('attaches to a container with a terminal: what is typed, what is shown, and its size; no end of input', async () => {
    const until = 'until [ "$(stty size)" = "$size" ]; do sleep 0.02; done; echo "is $size"; read line; echo "<$line>"';
    const shell = await place.start(pod, {
      stdin: true,
      stdinOnce: true,
      tty: true,
      command: ['sh', '-c', `stty -echo; for size in "30 100" "43 132"; do ${until}; done; sleep 1000`],
    });
    const streams = { stdin: true, stdout: true, tty: true };
    for (const [columns, rows] of [
      [100, 30],
      [132, 43],
    ]) {
      using client = await SpdyClient.connect(await attachUrl(shell, streams), v4);
      const { stdin, stdout, resize } = await open(client, 'error', 'stdin', 'stdout', 'resize');
      const seen = new Seen(stdout);
      await resize?.write(`{"Width":${columns},"Height":${rows}}\n`);
      await seen.has(`is ${rows} ${columns}`);
      await stdin?.write('typed\n');
      await seen.has('<typed>');
      await stdin?.end();
    }
    await place.cri.runtime.removeContainer({ containerId: shell });
  });

  it('drops what a client reads no more, and lets the command go on', async () => {
    const url = await execUrl(['sh', '-c', 'seq 1 200000; echo over >&2; exit 6'], { stdout: true, stderr: true });
    using client = await SpdyClient.connect(url, v4);
    const { error, stdout, stderr } = await open(client, 'error', 'stdout', 'stderr');
    await stdout?.cancel();
    stdout?.output.drop();
    assert.equal(await stderr?.text(), 'over\n');
    assert.match((await error?.text()) ?? '', /"message":"6"/);
  });

  it('forwards ports of the pod: many connections at once, and each end by itself', async () => {
    const server = await place.start(pod, { command: ['nc', '-ll', '-p', '8080', '-e', 'cat'] });
    await listens('8080');
    const { url } = await place.cri.runtime.portForward({ podSandboxId: pod, port: [8080] });
    using client = await SpdyClient.connect(url, { protocols: ['portforward.k8s.io'] });
    const one = async (id: number): Promise<void> => {
      const headers = { port: '8080', requestid: String(id) };
      const error = await client.open({ streamtype: 'error', ...headers });
      await error.end();
      const data = await client.open({ streamtype: 'data', ...headers });
      const text = `${id} `.repeat(10_000);
      await data.write(text);
      await data.end();
      assert.equal(await data.text(), text);
      assert.equal(await error.text(), '');
    };
    // No more at once: busybox listens with room for two, and its kernel resets what is too much.
    for (let turn = 0; turn < 5; turn++) await Promise.all([1, 2].map((id) => one(10 * turn + id)));
    await place.cri.runtime.removeContainer({ containerId: server });
  });

  it('tells a client of port-forward that nothing listens, and goes on', async () => {
    const { url } = await place.cri.runtime.portForward({ podSandboxId: pod, port: [] });
    using client = await SpdyClient.connect(url, { protocols: ['portforward.k8s.io'] });
    const headers = { port: '9999', requestid: '0' };
    const [error, data] = await Promise.all([
      client.open({ streamtype: 'error', ...headers }),
      client.open({ streamtype: 'data', ...headers }),
    ]);
    assert.match(await error.text(), /port 9999/);
    await data.text();
    await client.ping();
    await assert.rejects(client.open({ streamtype: 'data', port: 'x', requestid: '1' }), /reset/);
    await assert.rejects(client.open({ streamtype: 'data', port: '70000', requestid: '1' }), /reset/);
  });

  it('answers ExecSync with outputs and exit code, and kills nothing but the command when its time is over', async () => {
    const sync = (script: string, timeout = 0n) =>
      place.cri.runtime.execSync({ containerId: box, cmd: ['sh', '-c', script], timeout });
    const answer = await sync('echo out; echo err >&2; exit 9');
    assert.deepEqual(
      [Buffer.from(answer.stdout).toString(), Buffer.from(answer.stderr).toString(), answer.exitCode],
      ['out\n', 'err\n', 9],
    );
    const begun = performance.now();
    await assert.rejects(sync('exec sleep 4321', 1n), { kind: 'deadline_exceeded' });
    assert.ok(performance.now() - begun < 30_000);
    assert.equal((await sync('true')).exitCode, 0);
    assert.equal((await place.try(box, 'grep -aq "slee[p].4321" /proc/[0-9]*/cmdline')).exitCode, 1);
  });

  it('does not wait in ExecSync for what a command leaves behind, nor loses what it has said', async () => {
    const answer = await place.cri.runtime.execSync({
      containerId: box,
      cmd: ['sh', '-c', 'seq 1 20000; sleep 777 & exit 5'],
      timeout: 30n,
    });
    assert.equal(answer.exitCode, 5);
    assert.equal(Buffer.from(answer.stdout).toString().split('\n').length, 20_001);
  });

  it('keeps as much output of ExecSync as fits into an answer', async () => {
    const answer = await place.cri.runtime.execSync({
      containerId: box,
      cmd: ['sh', '-c', 'head -c 20000000 /dev/zero >&2; echo done; exit 1'],
      timeout: 60n,
    });
    assert.equal(answer.exitCode, 1);
    assert.equal(answer.stderr.length, (16 << 20) - 1024 - (256 << 10));
  });

  it('runs a hundred commands at once, each with a stream of its own', async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) => spdy(`cat; exit ${index}`, `${index}`)),
    );
    for (const [index, { stdout, status }] of results.entries()) {
      assert.equal(stdout, String(index));
      if (index > 0) assert.match(status, new RegExp(`"message":"${index}"`));
    }
  });

  it('carries a gibibyte each way through a pod, byte for byte, in bounded memory', async () => {
    const url = await execUrl(['cat'], { stdin: true, stdout: true });
    using client = await SpdyClient.connect(url, v4);
    const { error, stdin, stdout } = await open(client, 'error', 'stdin', 'stdout');
    const [sent, received] = [createHash('md5'), createHash('md5')];
    const chunk = randomBytes(1 << 20);
    const sending = (async () => {
      for (let count = 0; count < 1024; count++) {
        chunk.writeUInt32LE(count, 0);
        sent.update(chunk);
        await stdin?.write(chunk);
      }
      await stdin?.end();
    })();
    const atFirst = residentBytes(place.engine.pid);
    let [size, most] = [0, 0];
    for await (const bytes of stdout?.output ?? []) {
      received.update(bytes);
      if (size >>> 26 !== (size + bytes.length) >>> 26) most = Math.max(most, residentBytes(place.engine.pid));
      size += bytes.length;
    }
    await sending;
    assert.equal(size, 1 << 30);
    assert.equal(received.digest('hex'), sent.digest('hex'));
    assert.equal(await error?.text(), '{"status":"Success"}');
    // What the collector of garbage has not come to yet is most of it.
    assert.ok(most - atFirst < 200 << 20, `${(most - atFirst) >>> 20} MiB more`);
  });

  it('refuses what makes no sense before it gives a URL', async () => {
    const { runtime } = place.cri;
    const invalid = { kind: 'invalid_argument' };
    await assert.rejects(runtime.exec({ cmd: ['true'], stdout: true }), invalid);
    await assert.rejects(runtime.exec({ containerId: box, stdout: true }), invalid);
    await assert.rejects(runtime.exec({ containerId: box, cmd: ['true'] }), invalid);
    await assert.rejects(
      runtime.exec({ containerId: box, cmd: ['true'], tty: true, stdout: true, stderr: true }),
      invalid,
    );
    await assert.rejects(runtime.attach({ containerId: box }), invalid);
    await assert.rejects(runtime.attach({ stdout: true }), invalid);
    await assert.rejects(runtime.portForward({ port: [80] }), invalid);
    await assert.rejects(runtime.portForward({ podSandboxId: pod, port: [0] }), invalid);
    await assert.rejects(runtime.exec({ containerId: 'none', cmd: ['true'], stdout: true }), { kind: 'not_found' });
    await assert.rejects(runtime.attach({ containerId: 'none', stdout: true }), { kind: 'not_found' });
    await assert.rejects(runtime.portForward({ podSandboxId: 'none', port: [80] }), { kind: 'not_found' });
    const created = await place.create(pod);
    const notRunning = { kind: 'failed_precondition' };
    await assert.rejects(runtime.exec({ containerId: created, cmd: ['true'], stdout: true }), notRunning);
    await assert.rejects(runtime.execSync({ containerId: created, cmd: ['true'] }), notRunning);
    await assert.rejects(runtime.attach({ containerId: created, stdout: true }), notRunning);
    await runtime.removeContainer({ containerId: created });
  });

  const listens = async (port: string): Promise<unknown> =>
    await place.until(async () => (await place.try(box, `netstat -ltn | grep -q :${port}`)).exitCode === 0);
});

function residentBytes(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) * 1024;
}

/** What has come so far. */
class Seen {
  #text = '';
  readonly #output: AsyncIterator<Uint8Array> | undefined;

  constructor(stream: SpdyClientStream | undefined) {
    this.#output = stream?.output[Symbol.asyncIterator]();
  }

  /** Waits until it has come, behind all that was waited for before. */
  async has(text: string): Promise<void> {
    for (let at = this.#text.indexOf(text); ; at = this.#text.indexOf(text)) {
      if (at >= 0) {
        this.#text = this.#text.slice(at + text.length);
        return;
      }
      const next = await this.#output?.next();
      assert.ok(next !== undefined && next.done !== true, `'${text}' did not come: ${this.#text}`);
      this.#text += Buffer.from(next.value).toString();
    }
  }
}
