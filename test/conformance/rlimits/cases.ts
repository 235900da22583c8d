import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { userNamespace } from '../suite/spec.ts';

type Limits = Readonly<Record<string, readonly [soft: number, hard: number]>>;

/** Below what any machine allows, so that it needs no capability. */
const settable = [
  'CPU',
  'FSIZE',
  'DATA',
  'STACK',
  'CORE',
  'RSS',
  'NPROC',
  'NOFILE',
  'AS',
  'LOCKS',
  'SIGPENDING',
  'MSGQUEUE',
];

export const cases: readonly Case[] = [
  {
    name: 'every kind of limit is set',
    spec: (spec) => {
      spec.process.rlimits = settable.map((name, at) => {
        const soft = ['CORE'].includes(name) ? 0 : 4_000_000_000 + at;
        const value = ['NPROC', 'NOFILE', 'SIGPENDING', 'MSGQUEUE'].includes(name) ? 500 + at : soft;
        return { type: `RLIMIT_${name}`, soft: value, hard: value };
      });
    },
    probe: ['limits'],
    expect: (seen, box) => {
      const limits = seen.of<Limits>('limits');
      for (const { type, soft, hard } of box.spec.process.rlimits!)
        assert.deepEqual(limits[type.slice('RLIMIT_'.length)], [soft, hard], type);
    },
  },
  {
    name: 'soft and hard may differ',
    spec: (spec) => (spec.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }]),
    probe: ['limits'],
    expect: (seen) => assert.deepEqual(seen.of<Limits>('limits')['NOFILE'], [100, 200]),
  },
  {
    name: 'unlimited is 2^64-1',
    spec: (spec) =>
      (spec.process.rlimits = [
        { type: 'RLIMIT_CPU', soft: 18_446_744_073_709_551_615n, hard: 18_446_744_073_709_551_615n },
      ]),
    probe: ['limits'],
    expect: (seen) => assert.deepEqual(seen.of<Limits>('limits')['CPU'], [-1, -1]),
  },
  {
    name: 'limits that are not listed are those of the runtime',
    probe: ['limits'],
    expect: (seen) => assert.deepEqual(seen.of<Limits>('limits')['FSIZE'], [-1, -1]),
  },
  {
    name: 'limits are set in a user namespace',
    spec: (spec) => {
      userNamespace(spec);
      spec.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 123, hard: 456 }];
    },
    probe: ['limits'],
    expect: (seen) => assert.deepEqual(seen.of<Limits>('limits')['NOFILE'], [123, 456]),
  },
  {
    name: 'exec has the limits of the container',
    since: '1.5',
    spec: (spec) => (spec.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 111, hard: 222 }]),
    run: async (box) => {
      await box.start();
      assert.deepEqual((await box.execProbe(['limits'])).of<Limits>('limits')['NOFILE'], [111, 222]);
    },
  },
  {
    name: 'exec has the limits of its process.json',
    since: '1.5',
    run: async (box) => {
      await box.start();
      const change = { type: 'RLIMIT_NOFILE', soft: 77, hard: 88 };
      const seen = await box.execSpec((process) => void (process.rlimits = [change]), ['limits']);
      assert.deepEqual(seen.of<Limits>('limits')['NOFILE'], [77, 88]);
    },
  },
  {
    name: 'a limit that nobody knows is refused',
    spec: (spec) => (spec.process.rlimits = [{ type: 'RLIMIT_UNKNOWN', soft: 1, hard: 1 }]),
    run: refused(/RLIMIT_UNKNOWN/),
  },
  {
    name: 'a soft limit above the hard one is refused',
    spec: (spec) => (spec.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 20, hard: 10 }]),
    run: refused(/./),
  },
  {
    name: 'the same limit twice is refused',
    spec: (spec) => {
      const limit = { type: 'RLIMIT_NOFILE', soft: 1000, hard: 1000 };
      spec.process.rlimits = [limit, { ...limit, soft: 500 }];
      spec.process.args = ['/probe', 'ids'];
    },
    runcDeviates: 'it sets both, one after the other; the specification says that it must be an error',
    run: refused(/NOFILE|rlimit/i),
  },
];
