import assert from 'node:assert/strict';
import { ContainerState, Signal } from '@berth/wire/gen/cri/v1/api_pb';
import { processTable } from '../../../harness/process-table.ts';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refused.ts';
import { until } from '../suite/until.ts';

/** A script that ends with this code by this signal. */
const trapping = (signal: string, code: number) => ({
  command: ['sh', '-c', `trap "echo ${signal}; exit ${code}" ${signal}; echo ready; while :; do sleep 0.05; done`],
});
const deaf = { command: ['sh', '-c', 'trap "echo heard" TERM; echo ready; while :; do sleep 0.05; done'] };

export const cases: readonly Case[] = [
  {
    name: 'a container is stopped by SIGTERM',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(trapping('TERM', 5));
      await container.says('ready');
      await container.stop(60n);
      const status = await container.status();
      assert.deepEqual([status.state, status.exitCode], [ContainerState.CONTAINER_EXITED, 5]);
    },
  },
  {
    name: "a container is stopped by its image's signal",
    run: async (kubelet) => {
      const image = { image: await kubelet.image('stop') };
      const container = await (await kubelet.pod()).start({ ...trapping('USR1', 6), image });
      await container.says('ready');
      await container.stop(60n);
      assert.equal((await container.status()).exitCode, 6);
    },
  },
  {
    name: "a signal of the container takes the place of the image's",
    since: '2.1',
    run: async (kubelet) => {
      const image = { image: await kubelet.image('stop') };
      const change = { ...trapping('USR2', 7), image, stopSignal: Signal.SIGUSR2 };
      const container = await (await kubelet.pod()).start(change);
      await container.says('ready');
      await container.stop(60n);
      assert.equal((await container.status()).exitCode, 7);
    },
  },
  {
    name: 'the signal that stops a container is told',
    since: '2.1',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const image = { image: await kubelet.image('stop') };
      assert.equal((await (await pod.create({ image })).status()).stopSignal, Signal.SIGUSR1);
      const other = await pod.create({ stopSignal: Signal.SIGRTMINPLUS3 });
      assert.equal((await other.status()).stopSignal, Signal.SIGRTMINPLUS3);
    },
  },
  {
    name: 'a container that takes no notice is killed after its time',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(deaf);
      await container.says('ready');
      const began = Date.now();
      await container.stop(1n);
      assert.ok(Date.now() - began >= 900, 'not before its time');
      assert.equal((await container.status()).exitCode, 137);
      assert.match(container.text(), /heard/);
    },
  },
  {
    name: 'without time it is killed at once',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(deaf);
      await container.says('ready');
      await container.stop(0n);
      assert.equal((await container.status()).exitCode, 137);
      assert.doesNotMatch(container.text(), /heard/);
    },
  },
  {
    name: 'a container that has ended can be stopped',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).script('exit 3');
      await container.stop(5n);
      assert.equal((await container.status()).exitCode, 3);
    },
  },
  {
    name: 'a container can be stopped several times at once',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await Promise.all([container.stop(0n), container.stop(0n), container.stop(0n)]);
      assert.equal((await container.status()).state, ContainerState.CONTAINER_EXITED);
    },
  },
  {
    name: 'a later stop with less time is not held up by an earlier one with more',
    containerdDeviates: 'the second one waits for the first',
    since: '2.9',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(deaf);
      await container.says('ready');
      const patient = container.stop(300n);
      await container.stop(0n);
      await patient;
      assert.equal((await container.status()).exitCode, 137);
    },
  },
  {
    name: 'the signal is sent once, however often the stop is tried',
    since: '1.7',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(deaf);
      await container.says('ready');
      const request = { containerId: container.id, timeout: 60n };
      for (let turn = 0; turn < 3; turn++)
        await refused(kubelet.runtime.stopContainer(request, { timeout: 300 }), 'deadline_exceeded', 'cancelled');
      assert.equal((await container.status()).state, ContainerState.CONTAINER_RUNNING, 'it is not killed');
      await container.stop(0n);
      assert.equal(container.text().split('heard').length - 1, 1);
    },
  },
  {
    name: 'a stop whose client gives up does not kill the container',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start(deaf);
      await container.says('ready');
      const request = { containerId: container.id, timeout: 60n };
      await refused(kubelet.runtime.stopContainer(request, { timeout: 300 }), 'deadline_exceeded', 'cancelled');
      assert.equal((await container.status()).state, ContainerState.CONTAINER_RUNNING);
      await container.stop(0n);
    },
  },
  {
    name: 'a stopped container is still there, with its log',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ command: ['sh', '-c', 'echo words; sleep 1000'] });
      await container.says('words');
      await container.stop();
      assert.equal(container.text(), 'words\n');
      const { containers } = await kubelet.runtime.listContainers({ filter: { id: container.id } });
      assert.equal(containers[0]?.state, ContainerState.CONTAINER_EXITED);
    },
  },
  {
    name: 'processes that a container leaves end with it',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start({ command: ['sh', '-c', 'sleep 54321 & sleep 1000'] });
      await container.shell('ps | grep -q "[s]leep 54321"');
      await container.stop();
      const left = () => processTable().filter(({ cgroups }) => cgroups.includes(container.id));
      await until(() => left().length === 0, 'all processes have ended');
    },
  },
];
