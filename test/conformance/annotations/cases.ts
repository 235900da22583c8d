import { strict as assert } from 'node:assert';
import { expectOk } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';

export const cases: readonly Case[] = [
  {
    name: 'annotations are in the state',
    spec: (spec) => (spec.annotations = { 'org.example.one': '1', 'org.example.two': 'ü "quoted"', empty: '' }),
    run: async (box) => {
      await box.start();
      assert.deepEqual((await box.state()).annotations, box.spec.annotations);
    },
  },
  {
    name: 'annotations that nobody knows change nothing',
    spec: (spec) => (spec.annotations = { 'org.example.unknown': 'x', 'run.oci.unknown': 'y' }),
    probe: ['cwd'],
    expect: (seen) => assert.equal(seen.of('cwd'), '/'),
  },
  {
    name: 'annotations are in the state of a stopped container',
    spec: (spec) => (spec.annotations = { a: 'b' }),
    run: async (box) => {
      await box.start(['exit 0']);
      await box.reach('stopped');
      assert.deepEqual((await box.state()).annotations, { a: 'b' });
    },
  },
  {
    name: 'without annotations there are none in the state',
    run: async (box) => {
      await box.start();
      assert.deepEqual((await box.state()).annotations ?? {}, {});
      expectOk(await box.call(['list']));
    },
  },
];
