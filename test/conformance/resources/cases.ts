import { strict as assert } from 'node:assert';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';

const megabyte = 1 << 20;

export const cases: readonly Case[] = [
  {
    name: 'a process that takes more memory than it may is killed',
    spec: (spec) => (spec.linux.resources.memory = { limit: 16 * megabyte, swap: 16 * megabyte }),
    probe: ['touch-memory 64', 'touch-memory 2'],
    expect: (seen) => {
      assert.equal(seen.of<number>('touch-memory 64'), 137);
      assert.equal(seen.of<number>('touch-memory 2'), 0);
    },
  },
  {
    name: 'no more processes than allowed can be had',
    spec: (spec) => (spec.linux.resources.pids = { limit: 5 }),
    probe: ['fork 20'],
    expect: (seen) => assert.equal(seen.of<number>('fork 20'), 4),
  },
  {
    name: 'without a limit many processes can be had',
    probe: ['fork 50'],
    expect: (seen) => assert.equal(seen.of<number>('fork 50'), 50),
  },
  {
    name: 'the processors are those of the set',
    needs: ['two processors'],
    spec: (spec) => (spec.linux.resources.cpu = { cpus: '1' }),
    probe: ['affinity'],
    expect: (seen) => assert.deepEqual(seen.of('affinity'), [1]),
  },
  {
    name: 'a quota slows the container down',
    spec: (spec) => (spec.linux.resources.cpu = { quota: 5000, period: 100_000 }),
    run: async (box) => {
      box.spec.process.args = ['sh', '-c', 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; cat /proc/1/schedstat'];
      const began = performance.now();
      const used = Number((await box.run()).stdout.split(' ')[0]) / 1e6;
      const took = performance.now() - began;
      assert.ok(took > used * 2, `${took} ms for ${used} ms of the processor`);
    },
  },
  {
    name: 'the limits hold for exec too',
    spec: (spec) => (spec.linux.resources.pids = { limit: 30 }),
    run: async (box) => {
      await box.start();
      assert.ok((await box.execProbe(['fork 50'])).of<number>('fork 50') < 30);
    },
  },
  {
    name: 'a set of processors that does not exist is refused',
    spec: (spec) => (spec.linux.resources.cpu = { cpus: '4000-4001' }),
    run: refused(/cpus|cpuset/),
  },
  {
    name: 'a quota that the kernel does not take is refused',
    spec: (spec) => (spec.linux.resources.cpu = { quota: 5, period: 100_000 }),
    run: refused(/quota|cfs/),
  },
  {
    name: 'huge pages of a size that does not exist are refused',
    spec: (spec) => (spec.linux.resources.hugepageLimits = [{ pageSize: '3MB', limit: 0 }]),
    needs: ['hugetlb v1'],
    run: refused(/3MB/),
  },
];
