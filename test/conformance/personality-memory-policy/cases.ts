import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';

type Policy = Readonly<Record<'mode' | 'nodes', number>>;

export const cases: readonly Case[] = [
  {
    name: 'the personality of a 32-bit machine',
    since: '1.2',
    spec: (spec) => (spec.linux.personality = { domain: 'LINUX32' }),
    probe: ['personality', 'uname'],
    expect: (seen) => {
      assert.equal(seen.of<number>('personality'), 8);
      assert.doesNotMatch(seen.of<{ machine: string }>('uname').machine, /64/);
    },
  },
  {
    name: 'the ordinary personality',
    since: '1.2',
    spec: (spec) => (spec.linux.personality = { domain: 'LINUX' }),
    probe: ['personality'],
    expect: (seen) => assert.equal(seen.of<number>('personality'), 0),
  },
  {
    name: 'exec has the personality of the container',
    since: '1.2',
    spec: (spec) => (spec.linux.personality = { domain: 'LINUX32' }),
    run: async (box) => {
      await box.start();
      assert.equal((await box.execProbe(['personality'])).of<number>('personality'), 8);
    },
  },
  {
    name: 'a personality that nobody knows is refused',
    since: '1.2',
    spec: (spec) => (spec.linux.personality = { domain: 'BSD' as 'LINUX' }),
    run: refused(/BSD|personality/),
  },
  ...(
    [
      ['MPOL_BIND', 2],
      ['MPOL_INTERLEAVE', 3],
      ['MPOL_PREFERRED', 1],
    ] as const
  ).map(([mode, number]): Case => ({
    name: `the memory policy ${mode}`,
    since: '1.4',
    spec: (spec) => (spec.linux.memoryPolicy = { mode, nodes: '0' }),
    probe: ['memory-policy'],
    expect: (seen) => {
      const policy = seen.of<Policy>('memory-policy');
      assert.deepEqual([policy.mode, policy.nodes], [number, 1]);
    },
  })),
  {
    name: 'a memory policy with a flag',
    since: '1.4',
    spec: (spec) => (spec.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES'] }),
    probe: ['memory-policy'],
    expect: (seen) => assert.equal(seen.of<Policy>('memory-policy').mode, 2 | (1 << 15)),
  },
  {
    name: 'a memory policy without nodes',
    since: '1.4',
    spec: (spec) => (spec.linux.memoryPolicy = { mode: 'MPOL_LOCAL' }),
    probe: ['memory-policy'],
    expect: (seen) => assert.equal(seen.of<Policy>('memory-policy').mode, 4),
  },
  {
    name: 'a memory policy that nobody knows is refused',
    since: '1.4',
    spec: (spec) => (spec.linux.memoryPolicy = { mode: 'MPOL_MAGIC', nodes: '0' }),
    run: refused(/MPOL_MAGIC|memory ?policy/i),
  },
  {
    name: 'nodes that are no list are refused',
    since: '1.4',
    spec: (spec) => (spec.linux.memoryPolicy = { mode: 'MPOL_BIND', nodes: 'some' }),
    run: refused(/some|memory ?policy/i),
  },
];
