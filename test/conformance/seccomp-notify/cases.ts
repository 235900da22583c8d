import { strict as assert } from 'node:assert';
import { rmSync } from 'node:fs';
import type { Box } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { DescriptorReceiver } from '../suite/descriptor.ts';
import { refused } from '../suite/refusal.ts';

const getpriority = process.arch === 'x64' ? 140 : 141;
const call = `syscall ${getpriority} 0 0`;

function notify(box: Box, socket: string, flags: string[] = []): void {
  box.spec.linux.seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    listenerPath: socket,
    listenerMetadata: 'the metadata',
    flags,
    syscalls: [{ names: ['getpriority'], action: 'SCMP_ACT_NOTIFY' }],
  };
}

interface Told {
  readonly fds: readonly string[];
  readonly pid: number;
  readonly metadata: string;
  readonly state: Readonly<Record<string, unknown>>;
}

/** The agent may be told later than the container goes on. */
async function toldTo(agent: DescriptorReceiver): Promise<Told> {
  await agent.until('}\n');
  return JSON.parse(agent.text.split('\n')[1]!) as Told;
}

export const cases: readonly Case[] = [
  {
    name: 'the agent answers the call',
    run: async (box) => {
      await using agent = await DescriptorReceiver.open(box, 'seccomp');
      notify(box, agent.socket);
      assert.equal((await box.probe([call])).of(call), 'EOPNOTSUPP');
      await agent.until(`call ${getpriority}`);
    },
  },
  {
    name: 'the agent is told the process, the container and the metadata',
    run: async (box) => {
      await using agent = await DescriptorReceiver.open(box, 'seccomp');
      box.spec.annotations = { k: 'v' };
      notify(box, agent.socket);
      await box.start();
      const told = await toldTo(agent);
      assert.deepEqual(told.fds, ['seccompFd']);
      assert.equal(told.metadata, 'the metadata');
      assert.equal(told.pid, (await box.state()).pid);
      assert.deepEqual(
        [told.state['id'], told.state['bundle'], told.state['annotations']],
        [box.id, box.bundle, { k: 'v' }],
      );
      assert.equal(told.state['status'], 'creating');
    },
  },
  {
    name: 'the agent gets another listener for exec',
    run: async (box) => {
      {
        await using agent = await DescriptorReceiver.open(box, 'seccomp');
        notify(box, agent.socket);
        await box.start();
      }
      rmSync(`${box.folder}/seccomp.sock`);
      await using agent = await DescriptorReceiver.open(box, 'seccomp');
      assert.equal((await box.execProbe([call])).of(call), 'EOPNOTSUPP');
      const told = await toldTo(agent);
      assert.notEqual(told.pid, (await box.state()).pid);
      assert.equal(told.state['status'], 'running');
    },
  },
  {
    name: 'a flag beside a listener',
    since: '1.2',
    run: async (box) => {
      await using agent = await DescriptorReceiver.open(box, 'seccomp');
      notify(box, agent.socket, ['SECCOMP_FILTER_FLAG_LOG']);
      assert.equal((await box.probe([call])).of(call), 'EOPNOTSUPP');
    },
  },
  {
    name: 'an agent that is not there is refused',
    spec: (_, box) => notify(box, `${box.folder}/absent.sock`),
    run: refused(/./),
  },
  {
    name: 'a call to be notified of without a listener is refused',
    spec: (_, box) => {
      notify(box, 'x');
      delete box.spec.linux.seccomp!.listenerPath;
    },
    run: refused(/listenerPath|listener/),
  },
  {
    name: 'metadata without a listener is refused',
    spec: (spec) => (spec.linux.seccomp = { defaultAction: 'SCMP_ACT_ALLOW', listenerMetadata: 'x' }),
    runcDeviates: 'it takes no notice of the metadata',
    run: refused(/listener/),
  },
];
