import assert from 'node:assert/strict';
import { ContainerState } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { anyRefusal, refused } from '../suite/refused.ts';
import { until } from '../suite/until.ts';

const { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED } = ContainerState;

export const cases: readonly Case[] = [
  {
    name: 'a created container does not run, and has no times but that of its making',
    run: async (kubelet) => {
      const status = await (await (await kubelet.pod()).create()).status();
      assert.equal(status.state, CONTAINER_CREATED);
      assert.ok(status.createdAt > 1_500_000_000_000_000_000n, 'nanoseconds since 1970');
      assert.deepEqual([status.startedAt, status.finishedAt, status.exitCode], [0n, 0n, 0]);
    },
  },
  {
    name: 'a started container runs',
    run: async (kubelet) => {
      const status = await (await (await kubelet.pod()).start()).status();
      assert.equal(status.state, CONTAINER_RUNNING);
      assert.ok(status.startedAt >= status.createdAt);
      assert.equal(status.finishedAt, 0n);
      assert.equal(status.reason, '');
    },
  },
  {
    name: 'a container that ended well is completed',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('sleep 0.3');
      const status = await container.status();
      assert.equal(status.state, CONTAINER_EXITED);
      assert.equal(status.exitCode, 0);
      assert.equal(status.reason, 'Completed');
      assert.ok(status.finishedAt >= status.startedAt && status.startedAt > 0n);
    },
  },
  ...[1, 42, 255].map((code): Case => ({
    name: `a container that ended with ${code} has an error`,
    run: async (kubelet) => {
      const status = await (await (await kubelet.pod()).script(`exit ${code}`)).status();
      assert.equal(status.exitCode, code);
      assert.equal(status.reason, 'Error');
    },
  })),
  {
    name: 'a container that a signal ended has 128 and the signal as its code',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      process.kill(await container.pid(), 'SIGKILL');
      assert.equal((await container.ended()).exitCode, 137);
    },
  },
  {
    name: 'a container is started once',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const running = await pod.start();
      await refused(running.start());
      const ended = await pod.script('true');
      await refused(ended.start());
    },
  },
  {
    name: 'a program that is not there makes the start fail, and the container ends with a reason',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).create({ command: ['/no/such/program'] });
      const message = await refused(container.start());
      assert.match(message, /no\/such\/program/);
      const status = await container.status();
      assert.equal(status.state, CONTAINER_EXITED);
      assert.equal(status.exitCode, 128);
      assert.equal(status.reason, 'StartError');
      assert.match(status.message, /no\/such\/program/);
      assert.ok(status.finishedAt > 0n);
    },
  },
  {
    name: 'a working directory that is not there is made',
    run: async (kubelet) => {
      assert.equal(await (await kubelet.pod()).output('pwd', { workingDir: '/made/for/it' }), '/made/for/it');
    },
  },
  {
    name: 'metadata, labels and annotations come back as they were',
    run: async (kubelet) => {
      const labels = { 'io.kubernetes.container.name': 'x', empty: '' };
      const annotations = { 'example.org/json': '{"a": 1,  "b": "ü"}', empty: '' };
      const metadata = { name: 'a-name', attempt: 3 };
      const container = await (await kubelet.pod()).create({ labels, annotations, metadata });
      const status = await container.status();
      assert.deepEqual({ ...status.labels }, labels);
      assert.deepEqual({ ...status.annotations }, annotations);
      assert.deepEqual([status.metadata?.name, status.metadata?.attempt], ['a-name', 3]);
    },
  },
  {
    name: 'a list has what a status has, and names the pod',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const container = await pod.start({ annotations: { a: 'b' }, labels: { c: 'd' } });
      const { containers } = await kubelet.runtime.listContainers({ filter: { id: container.id } });
      assert.equal(containers.length, 1);
      const [item] = containers;
      const status = await container.status();
      for (const key of ['id', 'metadata', 'state', 'createdAt', 'labels', 'annotations', 'imageRef'] as const)
        if (key !== 'imageRef') assert.deepEqual(item![key], status[key], key);
      assert.equal(item!.podSandboxId, pod.id);
      assert.notEqual(item!.imageRef, '');
    },
  },
  {
    name: 'filters of a list must all be met',
    run: async (kubelet) => {
      const [pod, other] = await Promise.all([kubelet.pod(), kubelet.pod()]);
      const one = await pod.create({ labels: { case: kubelet.tag, part: 'one' } });
      const two = await pod.start({ labels: { case: kubelet.tag, part: 'two' } });
      const three = await other.create({ labels: { case: kubelet.tag, part: 'one' } });
      const list = async (filter: object) => {
        const { containers } = await kubelet.runtime.listContainers({ filter });
        return containers.map(({ id }) => id).toSorted();
      };
      const all = { case: kubelet.tag };
      assert.deepEqual(await list({ labelSelector: all }), [one.id, two.id, three.id].toSorted());
      assert.deepEqual(await list({ labelSelector: all, podSandboxId: pod.id }), [one.id, two.id].toSorted());
      assert.deepEqual(await list({ labelSelector: { ...all, part: 'one' }, podSandboxId: pod.id }), [one.id]);
      assert.deepEqual(await list({ labelSelector: all, state: { state: CONTAINER_RUNNING } }), [two.id]);
      assert.deepEqual(await list({ id: two.id, state: { state: CONTAINER_EXITED } }), []);
      assert.deepEqual(await list({ id: 'nobody' }), []);
      assert.deepEqual(await list({ podSandboxId: 'nobody' }), []);
    },
  },
  {
    name: 'ids and their starts are known',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).create();
      const start = container.id.slice(0, 13);
      const { status } = await kubelet.runtime.containerStatus({ containerId: start });
      assert.equal(status?.id, container.id);
      const { containers } = await kubelet.runtime.listContainers({ filter: { id: start } });
      assert.equal(containers[0]?.id, container.id);
    },
  },
  {
    name: 'a container that is not started can be removed, and its name is free',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig();
      const container = await pod.createExactly(config);
      await refused(pod.createExactly(config));
      await container.remove();
      await container.remove();
      await refused(container.status(), 'not_found');
      assert.notEqual((await pod.createExactly(config)).id, container.id);
    },
  },
  {
    name: 'another attempt of the same container is another one',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig();
      const first = await pod.createExactly(config);
      const second = await pod.createExactly({ ...config, metadata: { name: config.metadata!.name!, attempt: 1 } });
      assert.notEqual(first.id, second.id);
    },
  },
  {
    name: 'two pods may have containers of one name',
    run: async (kubelet) => {
      const [one, two] = await Promise.all([kubelet.pod(), kubelet.pod()]);
      const config = await one.containerConfig();
      await one.createExactly(config);
      await two.createExactly(config);
    },
  },
  {
    name: 'a container that runs is ended by its removal',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const pid = await container.pid();
      await container.remove();
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
      await refused(container.status(), 'not_found');
    },
  },
  {
    name: 'to stop and to remove a container that nobody knows is success',
    since: '1.7',
    run: async ({ runtime }) => {
      await runtime.stopContainer({ containerId: 'nobody', timeout: 1n });
      await runtime.removeContainer({ containerId: 'nobody' });
    },
  },
  ...(['containerStatus', 'startContainer', 'reopenContainerLog', 'updateContainerResources'] as const).map(
    (method): Case => ({
      name: `${method} of a container that nobody knows is not found`,
      run: async ({ runtime }) => {
        await refused(runtime[method]({ containerId: 'nobody' }), 'not_found');
      },
    }),
  ),
  {
    name: 'a container of a pod that nobody knows is refused',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const config = await pod.containerConfig();
      const request = { podSandboxId: 'nobody', config, sandboxConfig: pod.config };
      await refused(kubelet.runtime.createContainer(request), 'not_found');
    },
  },
  {
    name: 'a container of a stopped pod is refused',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await pod.stop();
      await refused(pod.create(), ...anyRefusal);
    },
  },
  {
    name: 'a container of an image that is not there is refused, and not pulled',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const { repository } = await kubelet.target.images.fresh();
      await refused(pod.create({ image: { image: `${repository}:1` } }), ...anyRefusal);
      const { image } = await kubelet.images.imageStatus({ image: { image: `${repository}:1` } });
      assert.equal(image, undefined);
    },
  },
  {
    name: 'a container without metadata is refused',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const { metadata: _, ...config } = await pod.containerConfig();
      await refused(pod.createExactly(config), ...anyRefusal);
    },
  },
  {
    name: 'a container without a configuration is refused',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      await refused(kubelet.runtime.createContainer({ podSandboxId: pod.id }), ...anyRefusal);
    },
  },
  {
    name: 'containers end with their pod, at once',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const container = await pod.start({ command: ['sh', '-c', 'trap : TERM; while :; do sleep 1; done'] });
      await pod.stop();
      const status = await container.status();
      assert.equal(status.state, CONTAINER_EXITED);
      assert.equal(status.exitCode, 137);
    },
  },
  {
    name: 'a container that uses too much memory is ended, and its reason says so',
    needs: ['cgroup v1'],
    run: async (kubelet) => {
      const linux = { resources: { memoryLimitInBytes: 20n << 20n } };
      const container = await (await kubelet.pod()).start({ command: ['sh', '-c', 'tail /dev/zero'], linux });
      const status = await container.ended();
      assert.equal(status.exitCode, 137);
      await until(async () => (await container.status()).reason === 'OOMKilled', 'the reason is OOMKilled');
    },
  },
  {
    name: 'several containers of a pod can be made, started and removed at once',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const containers = await Promise.all([1, 2, 3, 4].map(() => pod.start()));
      await Promise.all(containers.map((container) => container.stop()));
      await Promise.all(containers.map((container) => container.remove()));
      const { containers: left } = await kubelet.runtime.listContainers({ filter: { podSandboxId: pod.id } });
      assert.deepEqual(left, []);
    },
  },
];
