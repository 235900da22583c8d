import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Crictl, findCrictl, noCrictl } from '../harness/crictl.ts';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { Terminal } from '../harness/tty.ts';
import { PodPlace } from '../e2e/pod-place.ts';

const program = whySkipped === false && whyNoRegistry === false ? findCrictl() : undefined;
const whyNot = whySkipped || whyNoRegistry || (program === undefined && noCrictl);

describe('crictl streams to and from pods', { skip: whyNot }, () => {
  let place: PodPlace;
  let pod = '';
  let box = '';
  let crictl: Crictl;

  before(async () => {
    place = await PodPlace.open();
    crictl = new Crictl(program ?? '', place.engine.socket);
    pod = await place.run();
    box = await place.start(pod);
  });

  after(async () => {
    await place.removeAll();
    await place.assertNothingLeft();
    await place[Symbol.asyncDispose]();
  });

  const start = (...args: readonly string[]): ChildProcess => {
    const [file = '', ...rest] = crictl.command(...args);
    return spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  };

  for (const transport of ['spdy', 'websocket']) {
    const exec = ['exec', '--transport', transport];

    it(`exec over ${transport}: outputs apart, input to its end, exit code`, async () => {
      const said = await crictl.run([...exec, '-i', box, 'sh', '-c', 'cat; echo bad >&2; exit 3'], 'words');
      assert.equal(said.stdout, 'words');
      assert.match(said.stderr, /^bad\n/);
      assert.match(said.stderr, /exit code 3|exit status 3/);
      assert.notEqual(said.code, 0);
      assert.equal((await crictl.run([...exec, box, 'true'])).code, 0);
      assert.match((await crictl.run([...exec, box, '/no/such/command'])).stderr, /command/);
    });

    it(`exec over ${transport}: 64 MiB each way, none of them lost`, async () => {
      const input = randomBytes(64 << 20);
      const child = start(...exec, '-i', box, 'cat');
      const hash = createHash('sha1');
      child.stdout?.on('data', (bytes: Buffer) => hash.update(bytes));
      child.stdin?.end(input);
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 0);
      assert.equal(hash.digest('hex'), createHash('sha1').update(input).digest('hex'));
    });

    it(`exec over ${transport}: a terminal with its size`, async () => {
      await using terminal = new Terminal(crictl.command(...exec, '-i', '-t', box, 'sh'), { rows: 33, columns: 101 });
      await terminal.until(/[#$] /);
      terminal.type('stty size\r');
      await terminal.until(/33 101/);
      terminal.type('exit 7\r');
      assert.notEqual(await terminal.exit, 0);
    });

    it(`attach over ${transport}: what the container says from now on, what it is told`, async () => {
      const reader = await place.start(pod, {
        stdin: true,
        stdinOnce: true,
        command: ['sh', '-c', 'while read line; do echo "got $line"; done; echo over'],
      });
      const said = await crictl.run(['attach', '--transport', transport, '-i', reader], 'one\ntwo\n');
      assert.equal(said.stdout, 'got one\ngot two\nover\n');
      await place.cri.runtime.removeContainer({ containerId: reader });
    });

    it(`port-forward over ${transport}: many connections, one after the other and at once`, async () => {
      const server = await place.start(pod, { command: ['nc', '-ll', '-p', '8080', '-e', 'cat'] });
      await place.until(async () => (await place.try(box, 'netstat -ltn | grep -q :8080')).exitCode === 0);
      const port = await freePort();
      const child = start('port-forward', '--transport', transport, pod, `${port}:8080`);
      await once(child.stdout!, 'data');
      const echo = async (text: string): Promise<void> => {
        const socket = connect(port, '127.0.0.1');
        socket.write(text);
        let back = '';
        for await (const bytes of socket as AsyncIterable<Buffer>) {
          back += bytes.toString();
          if (back.length === text.length) break;
        }
        assert.ok(back === text, `${text.slice(0, 10)}...: ${back.length} bytes came back`);
      };
      try {
        // No more at once: busybox listens with room for two, and its kernel resets what is too much.
        for (let turn = 0; turn < 5; turn++) {
          await Promise.all(['one ', 'two '].map((text) => echo(text.repeat(50_000))));
        }
      } finally {
        child.kill();
        await once(child, 'exit');
      }
      await place.cri.runtime.removeContainer({ containerId: server });
    });
  }

  it('exec --sync', async () => {
    const said = await crictl.run(['exec', '--sync', box, 'sh', '-c', 'echo out; echo err >&2']);
    assert.match(said.stdout, /out\n/);
    assert.match(said.stdout + said.stderr, /err\n/);
    assert.equal(said.code, 0);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
