import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Case } from '../suite/case.ts';
import type { Container } from '../suite/container.ts';
import { refused } from '../suite/refused.ts';

/** A file of the cgroup of version 1 that a container is in. */
async function cgroupFile(container: Container, controller: string, file: string): Promise<string> {
  const lines = readFileSync(`/proc/${await container.pid()}/cgroup`, 'utf8').split('\n');
  const line = lines.find((each) => each.split(':')[1]?.split(',').includes(controller));
  assert.ok(line !== undefined, `there is no ${controller}`);
  return readFileSync(`/sys/fs/cgroup/${controller}${line.split(':')[2]}/${file}`, 'utf8').trim();
}

const MiB = 1n << 20n;

const limits = [
  ['a limit of memory', { memoryLimitInBytes: 64n * MiB }, 'memory', 'memory.limit_in_bytes', String(64n * MiB)],
  ['shares of the processors', { cpuShares: 512n }, 'cpu', 'cpu.shares', '512'],
  ['a quota of the processors', { cpuPeriod: 50_000n, cpuQuota: 20_000n }, 'cpu', 'cpu.cfs_quota_us', '20000'],
  ['a period of the quota', { cpuPeriod: 50_000n, cpuQuota: 20_000n }, 'cpu', 'cpu.cfs_period_us', '50000'],
  ['processors', { cpusetCpus: '0' }, 'cpuset', 'cpuset.cpus', '0'],
  ['nodes of memory', { cpusetMems: '0' }, 'cpuset', 'cpuset.mems', '0'],
] as const;

export const cases: readonly Case[] = [
  ...limits.map(([name, resources, controller, file, value]): Case => ({
    name: `${name}: at the start`,
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ linux: { resources } });
      assert.equal(await cgroupFile(container, controller, file), value);
    },
  })),
  ...limits.map(([name, resources, controller, file, value]): Case => ({
    name: `${name}: while it runs`,
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await kubelet.runtime.updateContainerResources({ containerId: container.id, linux: resources });
      assert.equal(await cgroupFile(container, controller, file), value);
    },
  })),
  {
    name: 'a score for the case that there is no memory',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ linux: { resources: { oomScoreAdj: 500n } } });
      assert.equal(
        await container.shell('cat /proc/1/oom_score_adj || true; cat /proc/self/oom_score_adj').then(last),
        '500',
      );
    },
  },
  {
    name: 'what is not given stays as it is',
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const resources = { memoryLimitInBytes: 64n * MiB, cpuShares: 512n };
      const container = await (await kubelet.pod()).start({ linux: { resources } });
      await kubelet.runtime.updateContainerResources({ containerId: container.id, linux: { cpuShares: 256n } });
      assert.equal(await cgroupFile(container, 'cpu', 'cpu.shares'), '256');
      assert.equal(await cgroupFile(container, 'memory', 'memory.limit_in_bytes'), String(64n * MiB));
    },
  },
  {
    name: 'what is changed before the start counts from the start',
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).create();
      const linux = { memoryLimitInBytes: 96n * MiB };
      await kubelet.runtime.updateContainerResources({ containerId: container.id, linux });
      await container.start();
      assert.equal(await cgroupFile(container, 'memory', 'memory.limit_in_bytes'), String(96n * MiB));
    },
  },
  {
    name: 'resources are told, as they are now',
    since: '1.7',
    run: async (kubelet) => {
      const resources = { memoryLimitInBytes: 64n * MiB, cpuShares: 512n };
      const container = await (await kubelet.pod()).start({ linux: { resources } });
      const first = (await container.status()).resources?.linux;
      assert.deepEqual([first?.memoryLimitInBytes, first?.cpuShares], [64n * MiB, 512n]);
      const linux = { memoryLimitInBytes: 128n * MiB };
      await kubelet.runtime.updateContainerResources({ containerId: container.id, linux });
      const second = (await container.status()).resources?.linux;
      assert.deepEqual([second?.memoryLimitInBytes, second?.cpuShares], [128n * MiB, 512n]);
    },
  },
  {
    name: 'a change that the kernel refuses is refused, and nothing has changed',
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ linux: { resources: { cpusetCpus: '0' } } });
      const linux = { cpusetCpus: '0-4000' };
      await refused(kubelet.runtime.updateContainerResources({ containerId: container.id, linux }));
      assert.equal(await cgroupFile(container, 'cpuset', 'cpuset.cpus'), '0');
    },
  },
  {
    name: 'resources of a pod may be changed',
    since: '2.1',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const resources = { memoryLimitInBytes: 256n * MiB };
      await kubelet.runtime.updatePodSandboxResources({ podSandboxId: pod.id, resources });
    },
  },
];

function last(text: string): string {
  return text.split('\n').at(-1) ?? '';
}
