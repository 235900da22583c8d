import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refused.ts';

export const cases: readonly Case[] = [
  {
    name: 'a hostname is that of all containers, and in /etc/hostname',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod({ hostname: 'a-name-of-its-own' });
      assert.equal(await pod.output('hostname; cat /etc/hostname'), 'a-name-of-its-own\na-name-of-its-own');
      assert.equal(await pod.output('hostname'), 'a-name-of-its-own');
    },
  },
  {
    name: "in the host's network the hostname is the host's",
    run: async (kubelet) => assert.equal(await (await kubelet.pod()).output('hostname'), hostname()),
  },
  {
    name: 'HOSTNAME is set',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod({ hostname: 'in-the-environment' });
      assert.equal(await pod.output('echo $HOSTNAME'), 'in-the-environment');
    },
  },
  {
    name: 'servers, searches and options are in resolv.conf',
    run: async (kubelet) => {
      const dnsConfig = {
        servers: ['10.10.10.10', 'fd00::53'],
        searches: ['a.example', 'b.example'],
        options: ['ndots:5', 'timeout:2'],
      };
      const text = await (await kubelet.pod({ dnsConfig })).output('cat /etc/resolv.conf');
      assert.deepEqual(text.split('\n').toSorted(), [
        'nameserver 10.10.10.10',
        'nameserver fd00::53',
        'options ndots:5 timeout:2',
        'search a.example b.example',
      ]);
    },
  },
  {
    name: "without a DNS configuration resolv.conf is the host's",
    run: async (kubelet) => {
      const text = await (await kubelet.pod()).output('cat /etc/resolv.conf');
      assert.equal(text, readFileSync('/etc/resolv.conf', 'utf8').trimEnd());
    },
  },
  {
    name: 'with an empty DNS configuration resolv.conf is empty',
    since: '2.0',
    run: async (kubelet) => {
      const pod = await kubelet.pod({ dnsConfig: {} });
      assert.equal(await pod.output('cat /etc/resolv.conf | wc -c'), '0');
    },
  },
  {
    name: "/etc/hosts is the host's",
    run: async (kubelet) => {
      const text = await (await kubelet.networkPod()).output('cat /etc/hosts');
      assert.ok(text.includes(readFileSync('/etc/hosts', 'utf8').trim().split('\n')[0]!), text);
    },
  },
  {
    name: 'containers may write to hosts, hostname and resolv.conf, which they share',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod({ dnsConfig: { servers: ['10.1.1.1'] } });
      await pod.output('for f in hosts resolv.conf; do echo "# mine" >> /etc/$f; done');
      assert.equal(await pod.output('tail -qn1 /etc/hosts /etc/resolv.conf'), '# mine\n# mine');
    },
  },
  {
    name: 'with a read-only root file system they may not',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const change = { linux: { securityContext: { readonlyRootfs: true } } };
      assert.equal(await pod.output('(echo x >> /etc/hosts) 2>/dev/null || echo refused', change), 'refused');
    },
  },
  {
    name: '/dev/shm is a tmpfs of 64 MiB that the pod shares',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const text = await pod.output('touch /dev/shm/mine; df -k /dev/shm | tail -n1; stat -c %a /dev/shm');
      assert.match(text, /\b65536\b[^]*1777$/);
      assert.equal(await pod.output('ls /dev/shm'), 'mine');
    },
  },
  {
    name: "with the host's ipc /dev/shm is the host's",
    run: async (kubelet) => {
      const pod = await kubelet.pod({ namespaces: { ipc: NamespaceMode.NODE } });
      const namespaces = { ipc: NamespaceMode.NODE, network: NamespaceMode.NODE };
      const change = { linux: { securityContext: { namespaceOptions: namespaces } } };
      const device = await pod.output('stat -c %d /dev/shm', change);
      assert.equal(device, String(statSync('/dev/shm').dev));
    },
  },
  {
    name: 'safe sysctls are set',
    run: async (kubelet) => {
      const sysctls = { 'kernel.shm_rmid_forced': '1', 'net.ipv4.ip_local_port_range': '1024 65000' };
      const pod = await kubelet.networkPod({ linux: { sysctls } });
      const files = '/proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/ip_local_port_range';
      assert.deepEqual((await pod.output(`cat ${files}`)).split(/\s+/), ['1', '1024', '65000']);
    },
  },
  {
    name: 'a sysctl that is not of the pod is refused, and no pod is left',
    run: async (kubelet) => {
      const config = kubelet.podConfig({ linux: { sysctls: { 'vm.swappiness': '1' } } });
      await refused(kubelet.runPod(config));
      const { items } = await kubelet.runtime.listPodSandbox({ filter: { labelSelector: { case: kubelet.tag } } });
      for (const { id } of items) await kubelet.runtime.removePodSandbox({ podSandboxId: id });
    },
  },
  {
    name: 'cgroups of pod and containers are below the parent',
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const parent = pod.config.linux?.cgroupParent ?? '';
      const container = await pod.start();
      const lines = readFileSync(`/proc/${await container.pid()}/cgroup`, 'utf8').split('\n');
      const memory = lines.find((line) => line.includes(':memory:')) ?? '';
      assert.ok(memory.includes(`:${parent}/`), memory);
      assert.ok(memory.includes(container.id), memory);
    },
  },
];
