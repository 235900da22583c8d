import assert from 'node:assert/strict';
import type { RuntimeCalls } from '../../../harness/cri-client.ts';
import type { Case } from '../suite/case.ts';
import type { Container } from '../suite/container.ts';
import { anyRefusal, refused } from '../suite/refused.ts';
import { codeOf, Stream } from '../suite/stream.ts';
import { until } from '../suite/until.ts';

interface Wanted {
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

async function exec(container: Container, script: string, wanted: Wanted = { stdout: true, stderr: true }) {
  const request = { containerId: container.id, cmd: ['sh', '-c', script], ...wanted };
  return await Stream.open((await container.pod.kubelet.runtime.exec(request)).url);
}

async function attach(container: Container, wanted: Wanted = { stdout: true, stderr: true }) {
  return await Stream.open((await container.pod.kubelet.runtime.attach({ containerId: container.id, ...wanted })).url);
}

/** Says what it reads, line by line. */
const echo = { command: ['sh', '-c', 'while read line; do echo "got $line"; done; echo over; sleep 1000'] };

export const cases: readonly Case[] = [
  {
    name: 'exec: both streams come, and the success',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      using stream = await exec(container, 'echo out; echo err >&2');
      assert.equal(codeOf(await stream.ended()), 0);
      assert.deepEqual([stream.text(), stream.text('stderr')], ['out\n', 'err\n']);
    },
  },
  {
    name: 'exec: the code of the command comes',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      using stream = await exec(container, 'exit 42');
      assert.equal(codeOf(await stream.ended()), 42);
    },
  },
  {
    name: 'exec: what is sent is read',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      using stream = await exec(container, 'read a; echo "got $a"', { stdin: true, stdout: true });
      stream.send('words\n');
      assert.equal(codeOf(await stream.ended()), 0);
      assert.equal(stream.text(), 'got words\n');
    },
  },
  {
    name: 'exec: streams that nobody wants are not sent',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      using stream = await exec(container, 'echo out; echo err >&2', { stderr: true });
      await stream.ended();
      assert.deepEqual([stream.text(), stream.text('stderr')], ['', 'err\n']);
    },
  },
  {
    name: 'exec: many bytes come whole',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      using stream = await exec(container, 'head -c 8000000 /dev/zero; exit 3', { stdout: true });
      assert.equal(codeOf(await stream.ended()), 3);
      assert.equal(stream.bytes(1).length, 8_000_000);
    },
  },
  {
    name: 'exec: a terminal has its size, and its new one',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const script =
        'until [ "$(stty size)" = "33 99" ]; do sleep 0.05; done; echo first; ' +
        'until [ "$(stty size)" = "44 111" ]; do sleep 0.05; done; echo second; exit 9';
      using stream = await exec(container, script, { tty: true, stdin: true, stdout: true });
      stream.resize(99, 33);
      await stream.says('first\r\n');
      stream.resize(111, 44);
      await stream.says('second\r\n');
      assert.equal(codeOf(await stream.ended()), 9);
    },
  },
  {
    name: 'exec: a terminal takes control characters',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const script = 'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.05; done';
      using stream = await exec(container, script, { tty: true, stdin: true, stdout: true });
      await stream.says('ready');
      stream.send('\u0003');
      await stream.says('interrupted');
      assert.equal(codeOf(await stream.ended()), 4);
    },
  },
  {
    name: 'exec: a place in the server is for one client',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const request = { containerId: container.id, cmd: ['true'], stdout: true };
      const { url } = await kubelet.runtime.exec(request);
      using stream = await Stream.open(url);
      await stream.ended();
      await assert.rejects(Stream.open(url));
      assert.equal((await fetch(url)).status, 404);
    },
  },
  {
    name: 'exec: a place that was not given is not found',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const { url } = await kubelet.runtime.exec({ containerId: container.id, cmd: ['true'], stdout: true });
      assert.equal((await fetch(`${new URL('/', url).href}exec/AAAAAAAA`)).status, 404);
      assert.match(new URL(url).hostname, /^(127\.0\.0\.1|\[::1\]|localhost)$/);
    },
  },
  {
    name: 'exec: without any stream it is refused',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await refused(kubelet.runtime.exec({ containerId: container.id, cmd: ['true'] }), 'invalid_argument');
    },
  },
  {
    name: 'exec: a terminal with stderr of its own is refused',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const request = { containerId: container.id, cmd: ['true'], tty: true, stdout: true, stderr: true };
      await refused(kubelet.runtime.exec(request), 'invalid_argument');
    },
  },
  ...(['exec', 'attach'] as const).map((method): Case => ({
    name: `${method}: without a container it is refused, of one that nobody knows not found`,
    run: async ({ runtime }) => {
      await refused(runtime[method]({ cmd: ['true'], stdout: true }), ...anyRefusal);
      await refused(runtime[method]({ containerId: 'nobody', cmd: ['true'], stdout: true }), 'not_found');
    },
  })),
  {
    name: 'exec: in a container that does not run it is refused',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).create();
      await refused(kubelet.runtime.exec({ containerId: container.id, cmd: ['true'], stdout: true }));
    },
  },
  {
    name: 'attach: what the container writes from now on comes, and goes to the log too',
    run: async (kubelet) => {
      const command = ['sh', '-c', 'until [ -e /tmp/go ]; do sleep 0.02; done; echo out; echo err >&2; sleep 1000'];
      const container = await (await kubelet.pod()).start({ command });
      using stream = await attach(container);
      await container.shell('touch /tmp/go');
      await stream.says('out\n');
      await stream.says('err\n', 'stderr');
      assert.equal(container.text() + container.text('stderr'), 'out\nerr\n');
    },
  },
  {
    name: 'attach: what is sent is read',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ ...echo, stdin: true });
      using stream = await attach(container, { stdin: true, stdout: true });
      stream.send('one\n');
      await stream.says('got one\n');
    },
  },
  {
    name: 'attach: input stays open for the next client',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ ...echo, stdin: true });
      for (const word of ['one', 'two']) {
        using stream = await attach(container, { stdin: true, stdout: true });
        stream.send(`${word}\n`);
        await stream.says(`got ${word}\n`);
        stream.close();
        await stream.ended();
      }
      assert.doesNotMatch(container.text(), /over/);
    },
  },
  {
    name: 'attach: with stdinOnce the input ends with its first client',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ ...echo, stdin: true, stdinOnce: true });
      using stream = await attach(container, { stdin: true, stdout: true });
      stream.send('one\n');
      await stream.says('got one\n');
      stream.close();
      await container.says('over\n');
    },
  },
  {
    name: 'attach: two clients have the same output',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ ...echo, stdin: true });
      using one = await attach(container, { stdin: true, stdout: true });
      using two = await attach(container, { stdin: true, stdout: true });
      // The second one may be heard of before it hears.
      await until(
        () => {
          one.send('both\n');
          return one.text().includes('got both\n') && two.text().includes('got both\n');
        },
        () => `both hear it: ${one.text()} ${two.text()}`,
      );
    },
  },
  {
    name: 'attach: a terminal has its size, and what is sent',
    run: async (kubelet) => {
      const command = [
        'sh',
        '-c',
        'until [ "$(stty size)" = "50 120" ]; do sleep 0.05; done; echo sized; read a; echo "got $a"; sleep 1000',
      ];
      const container = await (await kubelet.pod()).start({ command, tty: true, stdin: true });
      using stream = await attach(container, { stdin: true, stdout: true, tty: true });
      stream.resize(120, 50);
      await stream.says('sized');
      stream.send('words\n');
      await stream.says('got words\r\n');
    },
  },
  {
    name: 'attach: the stream ends with the container',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      using stream = await attach(container);
      await container.stop();
      await stream.ended();
    },
  },
  ...[true, false].map((isOwn): Case => ({
    name: `port-forward: a port of a pod ${isOwn ? 'with a network of its own' : "in the host's network"} answers`,
    run: async (kubelet) => {
      const pod = isOwn ? await kubelet.networkPod() : await kubelet.pod();
      const port = isOwn ? 8080 : 18_080;
      await pod.start({ command: ['nc', '-ll', '-p', String(port), '-e', 'cat'] });
      await forwards(pod.id, kubelet.runtime, port);
    },
  })),
  {
    name: 'port-forward: a port that nobody listens at is an error of that port',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const { url } = await kubelet.runtime.portForward({ podSandboxId: pod.id, port: [9] });
      using stream = await Stream.open(url);
      await until(() => stream.bytes(1).length > 2, 'an error comes');
    },
  },
  {
    name: 'port-forward: of a pod that nobody knows is not found',
    run: async ({ runtime }) => {
      await refused(runtime.portForward({ podSandboxId: 'nobody', port: [80] }), 'not_found');
    },
  },
];

/** Until somebody listens there, a new connection is made each time. */
async function forwards(podSandboxId: string, runtime: RuntimeCalls, port: number) {
  await until(async () => {
    const { url } = await runtime.portForward({ podSandboxId, port: [port] });
    using stream = await Stream.open(url);
    // Each channel begins with the port.
    await until(() => stream.bytes(0).length >= 2 && stream.bytes(1).length >= 2, 'the port is told');
    assert.equal(stream.bytes(0).readUInt16LE(), port);
    stream.send('there and back\n');
    await until(() => stream.bytes(0).length > 2 || stream.bytes(1).length > 2, 'an answer or an error comes');
    return stream.bytes(0).subarray(2).toString() === 'there and back\n';
  }, 'the port answers');
}
