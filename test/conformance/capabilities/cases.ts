import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { capabilityNames, type Seen } from '../suite/seen.ts';
import { grant, type Spec } from '../suite/spec.ts';

const status = 'read /proc/self/status';
const sets = { bounding: 'CapBnd', effective: 'CapEff', permitted: 'CapPrm', inheritable: 'CapInh', ambient: 'CapAmb' };

/** Sets all five; sets that are left out are empty. */
function hold(spec: Spec, listed: Partial<Spec['process']['capabilities']>): void {
  spec.process.capabilities = { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [], ...listed };
}

function held(seen: Seen, set: keyof typeof sets): string[] {
  return capabilityNames(seen.status(sets[set]));
}

export const cases: readonly Case[] = [
  {
    name: 'root has in each set what is listed, no more and no less',
    spec: (spec) =>
      hold(spec, {
        bounding: ['CAP_KILL', 'CAP_CHOWN', 'CAP_SETUID'],
        effective: ['CAP_KILL'],
        permitted: ['CAP_KILL', 'CAP_CHOWN'],
      }),
    probe: [status],
    expect: (seen) => {
      assert.deepEqual(held(seen, 'bounding'), ['CHOWN', 'KILL', 'SETUID']);
      assert.deepEqual(held(seen, 'inheritable'), []);
      assert.deepEqual(held(seen, 'ambient'), []);
    },
  },
  {
    name: 'without any capability root has none',
    spec: (spec) => hold(spec, {}),
    probe: [status, 'chown /work/file 1 1', 'mknod /work/x c 1 3'],
    expect: (seen) => {
      for (const set of ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const)
        assert.deepEqual(held(seen, set), [], set);
      assert.equal(seen.of('chown /work/file 1 1'), 'EPERM');
      assert.equal(seen.of('mknod /work/x c 1 3'), 'EPERM');
    },
  },
  {
    name: 'a capability that is held can be used',
    spec: (spec) => hold(spec, { bounding: ['CAP_CHOWN'], effective: ['CAP_CHOWN'], permitted: ['CAP_CHOWN'] }),
    probe: ['chown /work/file 1 1', 'mknod /work/x c 1 3'],
    expect: (seen) =>
      assert.deepEqual([seen.of('chown /work/file 1 1'), seen.of('mknod /work/x c 1 3')], ['ok', 'EPERM']),
  },
  {
    name: 'a program of another user has ambient capabilities',
    spec: (spec) => {
      const all = ['CAP_CHOWN', 'CAP_KILL'];
      hold(spec, { bounding: all, effective: all, permitted: all, inheritable: all, ambient: ['CAP_CHOWN'] });
      spec.process.user = { uid: 1000, gid: 1000 };
    },
    probe: [status, 'chown /work/file 1 1'],
    expect: (seen) => {
      assert.deepEqual(held(seen, 'ambient'), ['CHOWN']);
      assert.deepEqual(held(seen, 'effective'), ['CHOWN']);
      assert.deepEqual(held(seen, 'permitted'), ['CHOWN']);
      assert.deepEqual(held(seen, 'inheritable'), ['CHOWN', 'KILL']);
      assert.equal(seen.of('chown /work/file 1 1'), 'ok');
    },
  },
  {
    name: 'a program of another user has no others',
    spec: (spec) => (spec.process.user = { uid: 1000, gid: 1000 }),
    probe: [status],
    expect: (seen) => {
      assert.deepEqual([held(seen, 'effective'), held(seen, 'permitted')], [[], []]);
      assert.ok(held(seen, 'bounding').includes('CHOWN'));
    },
  },
  {
    name: 'a capability that nobody knows is left out with a warning',
    spec: (spec) => grant(spec, ['CAP_NO_SUCH_THING']),
    run: async (box) => {
      const { code, stderr } = await (async () => {
        box.spec.process.args = ['/probe', 'ids'];
        return await box.run();
      })();
      assert.equal(code, 0, stderr);
      assert.match(stderr, /CAP_NO_SUCH_THING/);
    },
  },
  {
    name: 'exec gets the sets of its process.json',
    run: async (box) => {
      await box.start();
      const seen = await box.execSpec(
        (process) => {
          const two = ['CAP_KILL', 'CAP_CHOWN'];
          process.capabilities = { bounding: two, effective: two, permitted: two, inheritable: [], ambient: [] };
        },
        [status],
      );
      assert.deepEqual(held(seen, 'bounding'), ['CHOWN', 'KILL']);
      assert.deepEqual(held(seen, 'effective'), ['CHOWN', 'KILL']);
    },
  },
  {
    name: 'exec has the sets of the container without a process.json',
    run: async (box) => {
      const first = await box.start([status, 'wait']);
      const second = await box.execProbe([status]);
      for (const set of ['bounding', 'effective', 'permitted', 'ambient'] as const)
        assert.deepEqual(held(second, set), held(first, set), set);
    },
  },
  {
    name: 'exec --cap adds one',
    run: async (box) => {
      await box.start();
      const seen = await box.execProbe([status], '--cap', 'CAP_SYS_PTRACE');
      assert.ok(held(seen, 'effective').includes('SYS_PTRACE'));
    },
  },
  {
    name: 'no_new_privs is set when it is asked for',
    spec: (spec) => (spec.process.noNewPrivileges = true),
    probe: ['flags'],
    expect: (seen) => assert.equal(seen.of<{ noNewPrivileges: number }>('flags').noNewPrivileges, 1),
  },
  {
    name: 'no_new_privs is not set by itself',
    probe: ['flags'],
    expect: (seen) => {
      const { noNewPrivileges, securebits, deathSignal } = seen.of<Record<string, number>>('flags');
      assert.deepEqual([noNewPrivileges, securebits, deathSignal], [0, 0, 0]);
    },
  },
];
