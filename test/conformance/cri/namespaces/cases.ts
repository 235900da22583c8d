import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { type ContainerConfig, type Init, secured } from '../suite/config.ts';
import { anyRefusal, refused } from '../suite/refused.ts';
import type { NamespaceOptionSchema } from '@berth/wire/gen/cri/v1/api_pb';

const { POD, CONTAINER, NODE, TARGET } = NamespaceMode;

function inNamespaces(namespaceOptions: Init<typeof NamespaceOptionSchema>): ContainerConfig {
  return secured({ namespaceOptions: { network: NODE, ...namespaceOptions } });
}

const show = (kind: string) => `readlink /proc/self/ns/${kind}`;
const ofHost = (kind: string) => readlinkSync(`/proc/thread-self/ns/${kind}`);

export const cases: readonly Case[] = [
  ...['net', 'ipc', 'uts'].map((kind): Case => ({
    name: `containers of a pod share its ${kind} namespace`,
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const change = inNamespaces({ network: POD });
      const [one, two] = [await pod.output(show(kind), change), await pod.output(show(kind), change)];
      assert.equal(one, two);
      assert.notEqual(one, ofHost(kind));
    },
  })),
  ...['mnt', 'pid'].map((kind): Case => ({
    name: `each container has a ${kind} namespace of its own`,
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { pid: CONTAINER } });
      const change = inNamespaces({ pid: CONTAINER });
      const [one, two] = [await pod.start(change), await pod.start(change)];
      assert.notEqual(await one.shell(show(kind)), await two.shell(show(kind)));
    },
  })),
  {
    name: "the host's ipc namespace",
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { ipc: NODE } });
      assert.equal(await pod.output(show('ipc'), inNamespaces({ ipc: NODE })), ofHost('ipc'));
    },
  },
  {
    name: "the host's pid namespace",
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { pid: NODE } });
      assert.equal(await pod.output(show('pid'), inNamespaces({ pid: NODE })), ofHost('pid'));
    },
  },
  {
    name: "the host's network namespace",
    run: async (kubelet) => {
      assert.equal(await (await kubelet.pod()).output(show('net'), inNamespaces({})), ofHost('net'));
    },
  },
  {
    name: 'in a pid namespace of its own a container is the first process',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { pid: CONTAINER } });
      assert.equal(await pod.output('echo $$', inNamespaces({ pid: CONTAINER })), '1');
    },
  },
  {
    name: 'in the pid namespace of the pod containers see each other, and the first process is the sandbox',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { pid: POD } });
      const change = inNamespaces({ pid: POD });
      await pod.start({ ...change, command: ['sleep', '7777'] });
      const other = await pod.start(change);
      const text = await other.shell('ps');
      assert.match(text, /sleep 7777/);
      assert.match(text, /^\s*1 /m);
      assert.doesNotMatch(text, /^\s*1 .*sleep 7777/m);
    },
  },
  {
    name: 'in the pid namespace of the pod orphans are reaped',
    containerdDeviates: 'the image of the sandbox is of this test, and its process does not reap',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { pid: POD } });
      const container = await pod.start(inNamespaces({ pid: POD }));
      await container.shell('sh -c "(sleep 0.1; exit 3) & exit 0"');
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(await container.shell('grep -l "State:.Z" /proc/[0-9]*/status | wc -l'), '0');
    },
  },
  {
    name: 'a container joins the pid namespace of another',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { pid: CONTAINER } });
      const target = await pod.start({ ...inNamespaces({ pid: CONTAINER }), command: ['sleep', '8888'] });
      const change = inNamespaces({ pid: TARGET, targetId: target.id });
      assert.match(await pod.output('ps', change), /^\s*1 .*sleep 8888$/m);
    },
  },
  {
    name: 'a container that is to join the pid namespace of one that is not there is refused',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await refused(pod.create(inNamespaces({ pid: TARGET, targetId: 'nobody' })), ...anyRefusal);
    },
  },
  {
    name: 'a container that is to join the pid namespace of one that has ended is refused',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const target = await pod.script('true');
      await refused(pod.create(inNamespaces({ pid: TARGET, targetId: target.id })), ...anyRefusal);
    },
  },
  {
    name: 'a container that is to join the pid namespace of one in another pod is refused',
    run: async (kubelet) => {
      const target = await (await kubelet.pod()).start();
      const pod = await kubelet.pod();
      await refused(pod.create(inNamespaces({ pid: TARGET, targetId: target.id })), ...anyRefusal);
    },
  },
];
