import assert from 'node:assert/strict';
import type { Case } from '../suite/case.ts';
import type { ContainerConfig } from '../suite/config.ts';
import type { Kubelet } from '../suite/kubelet.ts';

/** What a container of the image `words` prints to its end. */
async function printed(kubelet: Kubelet, change: ContainerConfig): Promise<string> {
  const pod = await kubelet.pod();
  const container = await pod.start({ image: { image: await kubelet.image('words') }, ...change });
  await container.ended();
  return container.text().trimEnd();
}

const bytes = (text: string) => Buffer.from(text);

export const cases: readonly Case[] = [
  {
    name: "without command and args they are the image's",
    run: async (kubelet) => assert.equal(await printed(kubelet, {}), 'entrypoint command'),
  },
  {
    name: "args take the place of the image's command, behind its entrypoint",
    run: async (kubelet) => assert.equal(await printed(kubelet, { args: ['a', 'b  c'] }), 'entrypoint a b  c'),
  },
  {
    name: "a command takes the place of both of the image's",
    run: async (kubelet) => assert.equal(await printed(kubelet, { command: ['echo', 'mine'] }), 'mine'),
  },
  {
    name: 'command and args stand one behind the other',
    run: async (kubelet) => assert.equal(await printed(kubelet, { command: ['echo', 'a'], args: ['b'] }), 'a b'),
  },
  {
    name: "the working directory is the image's",
    run: async (kubelet) => assert.equal(await printed(kubelet, { command: ['pwd'] }), '/tmp'),
  },
  {
    name: "a working directory takes the place of the image's",
    run: async (kubelet) => assert.equal(await printed(kubelet, { command: ['pwd'], workingDir: '/etc' }), '/etc'),
  },
  {
    name: "the environment is the image's, and the container's wins",
    run: async (kubelet) => {
      const envs = [
        { key: 'BOTH', value: bytes('container') },
        { key: 'ONLY', value: bytes('a b=c') },
        { key: 'EMPTY', value: bytes('') },
      ];
      const command = ['sh', '-c', 'echo "$FROM_IMAGE|$BOTH|$ONLY|${EMPTY-unset}|$PATH"'];
      assert.equal(await printed(kubelet, { command, envs }), 'image|container|a b=c||/bin:/usr/bin');
    },
  },
  {
    name: 'of two values of a variable the later one counts',
    run: async (kubelet) => {
      const envs = ['first', 'second'].map((value) => ({ key: 'TWICE', value: bytes(value) }));
      assert.equal(await printed(kubelet, { command: ['sh', '-c', 'echo $TWICE'], envs }), 'second');
    },
  },
  {
    name: 'a value may have several lines',
    run: async (kubelet) => {
      const envs = [{ key: 'LINES_OF', value: bytes('a\nb\n') }];
      assert.equal(await printed(kubelet, { command: ['sh', '-c', 'echo "[$LINES_OF]"'], envs }), '[a\nb\n]');
    },
  },
  {
    name: 'without stdin a program reads nothing',
    run: async (kubelet) => assert.equal(await printed(kubelet, { command: ['sh', '-c', 'cat; echo end'] }), 'end'),
  },
  {
    name: 'without a terminal there is none',
    run: async (kubelet) =>
      assert.equal(await printed(kubelet, { command: ['sh', '-c', 'test -t 1 || echo no'] }), 'no'),
  },
  {
    name: 'with a terminal there is one',
    run: async (kubelet) => {
      const change = { command: ['sh', '-c', 'test -t 0 && test -t 1 && tty'], tty: true };
      assert.equal(await printed(kubelet, change), '/dev/pts/0');
    },
  },
  {
    name: 'a status has the image as the user gave it, its reference and its mounts',
    run: async (kubelet) => {
      const image = await kubelet.image('box');
      const container = await (await kubelet.pod()).create({ image: { image } });
      const status = await container.status();
      assert.equal(status.image?.image, image);
      assert.match(status.imageRef, /sha256:[0-9a-f]{64}/);
      assert.deepEqual(status.mounts, []);
    },
  },
  {
    name: 'an image may be given by its id',
    run: async (kubelet) => {
      const name = await kubelet.image('box');
      const { image } = await kubelet.images.imageStatus({ image: { image: name } });
      const pod = await kubelet.pod();
      const container = await pod.create({ image: { image: image!.id, userSpecifiedImage: name } });
      assert.equal((await container.status()).image?.image, name);
    },
  },
  {
    name: 'the id of the image is the same string everywhere',
    since: '2.0',
    run: async (kubelet) => {
      const name = await kubelet.image('box');
      const { imageRef } = await kubelet.images.pullImage({ image: { image: name } });
      const { image } = await kubelet.images.imageStatus({ image: { image: name } });
      const container = await (await kubelet.pod()).create({ image: { image: name } });
      const { containers } = await kubelet.runtime.listContainers({ filter: { id: container.id } });
      assert.equal(image?.id, imageRef);
      assert.equal((await container.status()).imageId, imageRef);
      assert.equal(containers[0]?.imageId, imageRef);
    },
  },
  {
    name: 'the path of the log is told',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).create();
      assert.equal((await container.status()).logPath, container.logPath);
    },
  },
  {
    name: 'a container outlives the removal of its image',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh();
      const image = `${repository}:1`;
      await kubelet.images.pullImage({ image: { image } });
      const container = await (await kubelet.pod()).start({ image: { image }, command: ['sleep', '1000'] });
      await kubelet.images.removeImage({ image: { image } });
      assert.equal(await container.shell('echo still here'), 'still here');
      assert.equal((await container.status()).image?.image, image);
    },
  },
  {
    name: 'a verbose status is JSON, another has no information',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const { info } = await kubelet.runtime.containerStatus({ containerId: container.id, verbose: true });
      const { pid, runtimeSpec } = JSON.parse(info['info'] ?? '{}') as Record<string, unknown>;
      assert.equal(typeof pid, 'number');
      assert.equal(typeof runtimeSpec, 'object');
      assert.deepEqual((await kubelet.runtime.containerStatus({ containerId: container.id })).info, {});
    },
  },
];
