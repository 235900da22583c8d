import assert from 'node:assert/strict';
import { ContainerState, PodSandboxState } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { Stream } from '../suite/stream.ts';
import { until } from '../suite/until.ts';

const counting = { command: ['sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); usleep 2000; done'] };

const restarts: readonly Omit<Case, 'isAlone'>[] = [
  {
    name: 'pods and containers are what they were',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod({ annotations: { a: 'b' } });
      const [created, running, ended] = [await pod.create(), await pod.start(), await pod.script('exit 3')];
      const stopped = await kubelet.networkPod();
      await stopped.stop();
      const look = async () => ({
        pod: await pod.status(),
        stopped: (await stopped.status()).state,
        containers: await Promise.all([created, running, ended].map((container) => container.status())),
      });
      const before = await look();
      const pid = await running.pid();
      await kubelet.restartServer();
      assert.deepEqual(await look(), before);
      assert.equal(before.stopped, PodSandboxState.SANDBOX_NOTREADY);
      assert.equal(await running.pid(), pid);
    },
  },
  {
    name: 'a container that ended meanwhile has its code',
    run: async (kubelet) => {
      const command = ['sh', '-c', 'until [ -e /mnt/go ]; do usleep 1000; done; sleep 0.2; exit 7'];
      const mounts = [{ hostPath: kubelet.folder, containerPath: '/mnt' }];
      const container = await (await kubelet.pod()).start({ command, mounts });
      await container.shell('touch /mnt/go');
      await kubelet.restartServer();
      assert.equal((await container.ended()).exitCode, 7);
    },
  },
  {
    name: 'a log goes on, without a line lost',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(counting);
      await until(() => container.log().length > 50, 'lines come');
      await kubelet.restartServer();
      const { length } = container.log();
      await until(() => container.log().length > length + 50, 'more lines come');
      await container.stop();
      const numbers = container.log().map(({ text }) => Number(text));
      assert.deepEqual(
        numbers,
        numbers.map((_, at) => at),
      );
    },
  },
  {
    name: 'a container that was created can be started',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const container = await pod.create({ command: ['sh', '-c', 'echo later'] });
      await kubelet.restartServer();
      await container.start();
      await container.ended();
      assert.equal(container.text(), 'later\n');
    },
  },
  {
    name: 'a container takes commands and clients',
    run: async (kubelet) => {
      const command = ['sh', '-c', 'while read line; do echo "got $line"; done'];
      const container = await (await kubelet.pod()).start({ command, stdin: true });
      await kubelet.restartServer();
      assert.equal(await container.shell('echo here'), 'here');
      const request = { containerId: container.id, stdin: true, stdout: true };
      using stream = await Stream.open((await kubelet.runtime.attach(request)).url);
      stream.send('words\n');
      await stream.says('got words\n');
    },
  },
  {
    name: 'a pod gets another container, and is stopped and removed',
    run: async (kubelet) => {
      const pod = await kubelet.networkPod();
      const before = await pod.start();
      await kubelet.restartServer();
      assert.equal(await pod.output('echo new'), 'new');
      await pod.stop();
      assert.equal((await before.status()).state, ContainerState.CONTAINER_EXITED);
      await pod.remove();
    },
  },
  {
    name: 'names stay reserved, and addresses taken',
    run: async (kubelet) => {
      const config = kubelet.podConfig();
      await kubelet.runPod(config);
      const first = await (await kubelet.networkPod()).address();
      await kubelet.restartServer();
      await assert.rejects(kubelet.runPod(config));
      assert.notEqual(await (await kubelet.networkPod()).address(), first);
    },
  },
  {
    name: 'images are still there',
    run: async (kubelet) => {
      const image = { image: await kubelet.image() };
      const before = await kubelet.images.imageStatus({ image });
      await kubelet.restartServer();
      assert.deepEqual(await kubelet.images.imageStatus({ image }), before);
    },
  },
];

export const cases: readonly Case[] = restarts.map((each) => ({ ...each, isAlone: true }));
