import assert from 'node:assert/strict';
import { ContainerState } from '@berth/wire/gen/cri/v1/api_pb';
import type { Case } from '../suite/case.ts';
import { secured } from '../suite/config.ts';
import { anyRefusal, refused } from '../suite/refused.ts';

export const cases: readonly Case[] = [
  {
    name: 'both streams and the code come back',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const said = await container.exec(['sh', '-c', 'echo out; echo err >&2; exit 7']);
      assert.deepEqual(said, { code: 7, stdout: 'out\n', stderr: 'err\n' });
    },
  },
  {
    name: 'a command has no input',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      assert.equal(await container.shell('cat; echo end'), 'end');
    },
  },
  {
    name: "a command has the container's environment, user and working directory",
    run: async (kubelet) => {
      const envs = [{ key: 'FROM_CONFIG', value: Buffer.from('yes') }];
      const security = secured({ runAsUser: { value: 1000n } });
      const container = await (await kubelet.pod()).start({ ...security, envs, workingDir: '/var' });
      assert.equal(await container.shell('echo $FROM_CONFIG; pwd; id -u'), 'yes\n/var\n1000');
    },
  },
  {
    name: 'a command that does not end in time is killed, and the container goes on',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const answer = await container.exec(['sleep', '4321'], 1n).catch((error: { kind: string }) => error);
      // Both are known: kubelet takes either.
      if ('kind' in answer) assert.equal(answer.kind, 'deadline_exceeded');
      else assert.notEqual(answer.code, 0);
      assert.equal((await container.status()).state, ContainerState.CONTAINER_RUNNING);
      assert.equal(await container.shell('ps | grep -c "[s]leep 4321" || true'), '0');
    },
  },
  {
    name: 'a command that ends in time is not late',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      assert.equal((await container.exec(['echo', 'quick'], 30n)).stdout, 'quick\n');
    },
  },
  {
    name: 'a process that the command leaves behind does not hold the answer back',
    since: '2.0',
    containerdDeviates: 'it waits for the end of the output, unless drain_exec_sync_io_timeout is set',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      assert.equal(await container.shell('sleep 600 & echo answered'), 'answered');
    },
  },
  {
    name: 'a program that is not there is an error, or a code that is not zero',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const answer = await container.exec(['/no/such/program']).catch((error: Error) => error);
      if (!(answer instanceof Error)) assert.notEqual(answer.code, 0);
    },
  },
  {
    name: 'much output comes whole',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const { stdout } = await container.exec(['sh', '-c', 'head -c 5000000 /dev/zero | tr "\\0" x']);
      assert.equal(stdout.length, 5_000_000);
    },
  },
  {
    name: 'bytes that are no text come whole',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const request = { containerId: container.id, cmd: ['sh', '-c', String.raw`printf '\000\377\200\r\n'`] };
      const { stdout } = await kubelet.runtime.execSync(request);
      assert.deepEqual([...stdout], [0, 255, 128, 13, 10]);
    },
  },
  {
    name: 'of output beyond 16 MiB the rest is dropped, and the command ends',
    since: '1.7',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const script = 'head -c 20000000 /dev/zero; echo done >&2';
      const answer = await container.exec(['sh', '-c', script]).catch((error: { kind: string }) => error);
      // The answer may be larger than its client takes.
      if ('kind' in answer) assert.equal(answer.kind, 'resource_exhausted');
      else assert.equal(answer.stderr, 'done\n');
    },
  },
  {
    name: 'many commands at once',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      const turns = Array.from({ length: 20 }, (_, turn) => container.shell(`echo ${turn}; exit 0`));
      assert.deepEqual(
        await Promise.all(turns),
        turns.map((_, turn) => String(turn)),
      );
    },
  },
  {
    name: 'a container that does not run takes no command',
    run: async (kubelet) => {
      const pod = await kubelet.pod();
      const [created, ended] = [await pod.create(), await pod.script('true')];
      for (const container of [created, ended]) await refused(container.exec(['true']), ...anyRefusal);
    },
  },
  {
    name: 'without a command it is refused',
    run: async (kubelet) => {
      const container = await (await kubelet.pod()).start();
      await refused(container.exec([]), ...anyRefusal);
    },
  },
  {
    name: 'a container that nobody knows is not found',
    run: async ({ runtime }) => {
      await refused(runtime.execSync({ containerId: 'nobody', cmd: ['true'] }), 'not_found');
    },
  },
];
