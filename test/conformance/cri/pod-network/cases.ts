import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { NamespaceMode, Protocol } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import type { Pod } from '../suite/pod.ts';
import { until } from '../suite/until.ts';

let nextPort = 21_000;

/** Serves words on a port of a pod. */
async function serve(pod: Pod, port: number, words: string): Promise<void> {
  await pod.start({ command: ['sh', '-c', `while :; do echo '${words}' | nc -l -p ${port}; done`] });
}

/** What somebody says who listens there; empty while nobody does. */
async function heard(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  socket.setTimeout(2000, () => socket.destroy(new Error('nothing was said')));
  return await text(socket).catch(() => '');
}

async function hears(host: string, port: number, words: string): Promise<void> {
  let last = '';
  await until(
    async () => (last = await heard(host, port)).trim() === words,
    () => `'${words}' is heard at ${host}:${port}: '${last}'`,
  );
}

/** Prints what it is sent to a port in the network of a process: busybox has no such program. */
class UdpServer implements Disposable {
  output = '';
  readonly #child: ChildProcess;

  constructor(pid: number, port: number) {
    const program = `require('dgram').createSocket('udp4', (data) => console.log(String(data)))
      .bind(${port}, '0.0.0.0', () => console.log('ready'))`;
    const words = ['--net', '--target', String(pid), process.execPath, '-e', program];
    this.#child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child.stdout!.on('data', (data: Buffer) => (this.output += String(data)));
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** A pod with one port of the host. */
async function published(kubelet: Kubelet, mapping: object): Promise<[Pod, number]> {
  const hostPort = nextPort++;
  const portMappings = [{ protocol: Protocol.TCP, containerPort: 80, hostPort, hostIp: '', ...mapping }];
  return [await kubelet.networkPod({ portMappings }), hostPort];
}

export const cases: readonly Case[] = [
  {
    name: 'the address of the status is the one that containers have',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const address = await pod.address();
      assert.match(await pod.output('ip -4 addr show eth0'), new RegExp(`inet ${address.replaceAll('.', '\\.')}/`));
    },
  },
  {
    name: "a pod in the host's network has no address",
    run: async (kubelet) => {
      const { network } = await (await kubelet.pod()).status();
      assert.equal(network?.ip ?? '', '');
    },
  },
  {
    name: 'the loopback device is up',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      assert.match(await pod.output('ip addr show lo'), /<[^>]*\bUP\b[^>]*>[^]*inet 127\.0\.0\.1\/8/);
    },
  },
  {
    name: 'containers of a pod reach each other at 127.0.0.1',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      await serve(pod, 8000, 'neighbour');
      const container = await pod.start();
      await until(
        async () => (await container.exec(['nc', '-w', '2', '127.0.0.1', '8000'])).stdout === 'neighbour\n',
        'the neighbour is heard',
      );
    },
  },
  {
    name: 'the host reaches a pod at its address',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      await serve(pod, 80, 'pod');
      await hears(await pod.address(), 80, 'pod');
    },
  },
  {
    name: 'pods reach each other at their addresses',
    run: async (kubelet) => {
      const [one, two] = await Promise.all([kubelet.networkPod(), kubelet.networkPod()]);
      await serve(one, 80, 'one');
      const container = await two.start();
      const address = await one.address();
      await until(
        async () => (await container.exec(['nc', '-w', '2', address, '80'])).stdout === 'one\n',
        'the other pod is heard',
      );
    },
  },
  {
    name: 'a pod has a route to elsewhere',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      assert.match(await pod.output('ip route'), /^default via /m);
    },
  },
  {
    name: 'a port of the host leads into the pod, and no more when it is stopped',
    run: async (kubelet) => {
      const [pod, hostPort] = await published(kubelet, {});
      await serve(pod, 80, 'published');
      await hears('127.0.0.1', hostPort, 'published');
      await pod.stop();
      assert.equal(await heard('127.0.0.1', hostPort), '');
    },
  },
  {
    name: 'a port of one address of the host leads into the pod from there only',
    run: async (kubelet) => {
      const [pod, hostPort] = await published(kubelet, { hostIp: '127.0.0.1' });
      await serve(pod, 80, 'here');
      await hears('127.0.0.1', hostPort, 'here');
      assert.equal(await heard('127.0.0.2', hostPort), '');
    },
  },
  {
    name: 'a port of UDP leads into the pod',
    run: async (kubelet) => {
      const [pod, hostPort] = await published(kubelet, { protocol: Protocol.UDP, containerPort: 53 });
      using server = new UdpServer(await (await pod.start()).pid(), 53);
      await until(() => server.output !== '', 'the server listens');
      const socket = createSocket('udp4');
      try {
        await until(async () => {
          socket.send('datagram', hostPort, '127.0.0.1');
          await sleep(50);
          return server.output.includes('datagram');
        }, 'the datagram has come');
      } finally {
        socket.close();
      }
    },
  },
  {
    name: 'a mapping without a port of the host is none',
    run: async (kubelet) => {
      const [pod] = await published(kubelet, { hostPort: 0 });
      await pod.address();
    },
  },
  {
    name: 'an address is given back when its pod is stopped',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const address = await pod.address();
      await pod.stop();
      const others = await Promise.all([1, 2, 3].map(() => kubelet.networkPod()));
      const addresses = await Promise.all(others.map((other) => other.address()));
      assert.ok(new Set([...addresses, address]).size >= 3);
      await pod.remove();
    },
  },
  {
    name: "a container cannot leave the pod's network for the host's",
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const change = { linux: { securityContext: { namespaceOptions: { network: NamespaceMode.NODE } } } };
      const name = await (await pod.start()).shell('readlink /proc/self/ns/net');
      assert.equal(await pod.output('readlink /proc/self/ns/net', change), name);
    },
  },
];
