import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { grant } from '../suite/spec.ts';

type Scheduling = Readonly<Record<'policy' | 'nice' | 'priority' | 'flags', number>>;

export const cases: readonly Case[] = [
  {
    name: 'a nice value of the ordinary policy',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_OTHER', nice: 7 }),
    probe: ['scheduler'],
    expect: (seen) => {
      const { policy, nice } = seen.of<Scheduling>('scheduler');
      assert.deepEqual([policy, nice], [0, 7]);
    },
  },
  {
    name: 'the batch policy',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_BATCH', nice: 3 }),
    probe: ['scheduler'],
    expect: (seen) => {
      const { policy, nice } = seen.of<Scheduling>('scheduler');
      assert.deepEqual([policy, nice], [3, 3]);
    },
  },
  {
    name: 'the idle policy',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_IDLE' }),
    probe: ['scheduler'],
    expect: (seen) => assert.equal(seen.of<Scheduling>('scheduler').policy, 5),
  },
  {
    name: 'flags of the scheduler',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_OTHER', nice: 5, flags: ['SCHED_FLAG_RESET_ON_FORK'] }),
    probe: ['scheduler'],
    expect: (seen) => assert.equal(seen.of<Scheduling>('scheduler').flags & 1, 1),
  },
  {
    name: 'a policy that nobody knows is refused',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_MAGIC' }),
    run: refused(/SCHED_MAGIC|scheduler/),
  },
  {
    name: 'a nice value beyond 19 is refused',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_OTHER', nice: 25 }),
    run: refused(/nice/),
  },
  {
    name: 'a priority with the ordinary policy is refused',
    since: '1.2',
    spec: (spec) => (spec.process.scheduler = { policy: 'SCHED_OTHER', priority: 5 }),
    run: refused(/priority/),
  },
  ...(
    [
      ['IOPRIO_CLASS_BE', 2],
      ['IOPRIO_CLASS_IDLE', 3],
    ] as const
  ).map(([name, number]): Case => ({
    name: `the io priority of class ${name}`,
    since: '1.2',
    spec: (spec) => (spec.process.ioPriority = { class: name, priority: 6 }),
    probe: ['io-priority'],
    expect: (seen) => assert.deepEqual(seen.of('io-priority'), [number, 6]),
  })),
  {
    name: 'the real-time io class with the capability for it',
    since: '1.2',
    spec: (spec) => {
      grant(spec, ['CAP_SYS_NICE', 'CAP_SYS_ADMIN']);
      spec.process.ioPriority = { class: 'IOPRIO_CLASS_RT', priority: 1 };
    },
    probe: ['io-priority'],
    expect: (seen) => assert.deepEqual(seen.of('io-priority'), [1, 1]),
  },
  {
    name: 'an io class that nobody knows is refused',
    since: '1.2',
    spec: (spec) => (spec.process.ioPriority = { class: 'IOPRIO_CLASS_X' as 'IOPRIO_CLASS_BE', priority: 1 }),
    run: refused(/IOPRIO_CLASS_X|ioPriority/i),
  },
  {
    name: 'exec has the scheduler of its process.json',
    since: '1.2',
    run: async (box) => {
      await box.start();
      const seen = await box.execSpec(
        (process) => {
          process.scheduler = { policy: 'SCHED_BATCH', nice: 4 };
          process.ioPriority = { class: 'IOPRIO_CLASS_BE', priority: 7 };
        },
        ['scheduler', 'io-priority'],
      );
      assert.equal(seen.of<Scheduling>('scheduler').policy, 3);
      assert.deepEqual(seen.of('io-priority'), [2, 7]);
    },
  },
  {
    name: 'exec has the final processors of execCPUAffinity',
    needs: ['two processors'],
    since: '1.3',
    spec: (spec) => (spec.process.execCPUAffinity = { initial: '0', final: '1' }),
    run: async (box) => {
      const first = await box.start(['affinity', 'wait']);
      assert.ok(first.of<number[]>('affinity').length > 1, 'it is for exec only');
      assert.deepEqual((await box.execProbe(['affinity'])).of('affinity'), [1]);
    },
  },
  {
    name: 'exec has the processors of its process.json',
    needs: ['two processors'],
    since: '1.3',
    run: async (box) => {
      await box.start();
      const seen = await box.execSpec((process) => void (process.execCPUAffinity = { final: '0' }), ['affinity']);
      assert.deepEqual(seen.of('affinity'), [0]);
    },
  },
];
