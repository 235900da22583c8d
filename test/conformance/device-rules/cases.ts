import { strict as assert } from 'node:assert';
import type { Spec } from '../suite/spec.ts';
import type { Case } from '../suite/case.ts';

type Rules = NonNullable<Spec['linux']['resources']['devices']>;

const none: Rules = [{ allow: false, access: 'rwm' }];

function withRules(rules: Rules): Pick<Case, 'spec'> {
  return { spec: (spec) => (spec.linux.resources.devices = rules) };
}

/** The loop control device: it is on every machine, and not allowed by default. */
const made = 'mknod /work/loop c 10 237';

export const cases: readonly Case[] = [
  {
    name: 'without a rule for it a device cannot be opened',
    ...withRules(none),
    probe: [made, 'open /work/loop rw'],
    expect: (seen) => assert.equal(seen.of('open /work/loop rw'), 'EPERM'),
  },
  {
    name: 'devices may be made that may not be opened',
    ...withRules(none),
    probe: [made, 'mknod /work/disk b 7 99'],
    expect: (seen) => assert.deepEqual([seen.of(made), seen.of('mknod /work/disk b 7 99')], ['ok', 'ok']),
  },
  {
    name: 'the default devices can be used with everything denied',
    ...withRules(none),
    probe: ['open /dev/null rw', 'open /dev/zero rw', 'open /dev/random r', 'open /dev/pts/ptmx rw'],
    expect: (seen) => {
      for (const word of ['open /dev/null rw', 'open /dev/zero rw', 'open /dev/random r', 'open /dev/pts/ptmx rw'])
        assert.equal(seen.of(word), 'ok', word);
    },
  },
  {
    name: 'a rule allows one device',
    ...withRules([...none, { allow: true, type: 'c', major: 10, minor: 237, access: 'rwm' }]),
    probe: [made, 'open /work/loop r', 'mknod /work/other c 10 229', 'open /work/other r'],
    expect: (seen) => {
      assert.notEqual(seen.of('open /work/loop r'), 'EPERM');
      assert.equal(seen.of('open /work/other r'), 'EPERM');
    },
  },
  {
    name: 'a rule allows all minor numbers',
    ...withRules([...none, { allow: true, type: 'c', major: 10, access: 'rwm' }]),
    probe: [made, 'open /work/loop r', 'mknod /work/mem c 1 1', 'open /work/mem r'],
    expect: (seen) => {
      assert.notEqual(seen.of('open /work/loop r'), 'EPERM');
      assert.equal(seen.of('open /work/mem r'), 'EPERM');
    },
  },
  {
    name: 'a rule allows reading only',
    ...withRules([...none, { allow: true, type: 'c', major: 10, minor: 237, access: 'r' }]),
    probe: [made, 'open /work/loop r', 'open /work/loop rw'],
    expect: (seen) => {
      assert.notEqual(seen.of('open /work/loop r'), 'EPERM');
      assert.equal(seen.of('open /work/loop rw'), 'EPERM');
    },
  },
  {
    name: 'a later rule takes back what an earlier one allows',
    ...withRules([
      ...none,
      { allow: true, type: 'c', major: 10, minor: 237, access: 'rwm' },
      { allow: false, type: 'c', major: 10, minor: 237, access: 'rwm' },
    ]),
    probe: [made, 'open /work/loop r'],
    expect: (seen) => assert.equal(seen.of('open /work/loop r'), 'EPERM'),
  },
  {
    name: 'everything is allowed by one rule',
    ...withRules([{ allow: true, access: 'rwm' }]),
    probe: [made, 'open /work/loop r', 'mknod /work/fuse c 10 229', 'open /work/fuse r'],
    expect: (seen) => {
      assert.notEqual(seen.of('open /work/loop r'), 'EPERM');
      assert.notEqual(seen.of('open /work/fuse r'), 'EPERM');
    },
  },
  {
    name: 'without a list the devices of the host are denied',
    spec: (spec) => delete spec.linux.resources.devices,
    probe: [made, 'open /work/loop r'],
    expect: (seen) => assert.equal(seen.of('open /work/loop r'), 'EPERM'),
  },
  {
    name: 'a process that is executed later is bound by the same rules',
    ...withRules(none),
    run: async (box) => {
      await box.start([made, 'wait']);
      assert.equal((await box.execProbe(['open /work/loop r'])).of('open /work/loop r'), 'EPERM');
    },
  },
];
