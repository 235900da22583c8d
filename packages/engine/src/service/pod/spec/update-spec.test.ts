import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { podContainerSpec } from './container-spec.ts';
import { containerInput, noLimits } from './input-example.ts';
import { mergeResources, updateSpec } from './update-spec.ts';

describe('an update of resources', () => {
  test('changes what it specifies and leaves the rest, device rules too', () => {
    const { spec } = podContainerSpec(containerInput);
    const now = { ...noLimits, cpuShares: 100, memoryLimit: 1 << 26 };
    const updated = updateSpec(spec, now, { ...noLimits, memoryLimit: 1 << 27, oomScoreAdj: 5 });
    assert.equal(updated.resources.cpuShares, 100);
    assert.deepEqual(updated.spec.linux.resources?.memory, { limit: 1 << 27, swap: 1 << 27 });
    assert.deepEqual(updated.spec.linux.resources?.devices, spec.linux.resources?.devices);
    assert.equal(updated.spec.process.oomScoreAdj, 5);
  });

  test('lists are merged by their keys', () => {
    const page = (pageSize: string, limit: number) => ({ pageSize, limit });
    const merged = mergeResources(
      {
        ...noLimits,
        unified: { 'memory.high': '1', 'memory.min': '2' },
        hugepageLimits: [page('2MB', 1), page('1GB', 2)],
      },
      { ...noLimits, unified: { 'memory.high': '3' }, hugepageLimits: [page('2MB', 4)] },
    );
    assert.deepEqual(merged.unified, { 'memory.high': '3', 'memory.min': '2' });
    assert.deepEqual(merged.hugepageLimits, [page('2MB', 4), page('1GB', 2)]);
  });

  test('a sum of memory and swap never stays below the new memory', () => {
    const now = { ...noLimits, memoryLimit: 10, memorySwapLimit: 15 };
    assert.equal(mergeResources(now, { ...noLimits, memoryLimit: 20 }).memorySwapLimit, 20);
    assert.equal(mergeResources(now, { ...noLimits, memoryLimit: 12 }).memorySwapLimit, 15);
    assert.equal(mergeResources({ ...now, memorySwapLimit: -1 }, { ...noLimits, memoryLimit: 20 }).memorySwapLimit, -1);
  });

  test('what is no limit changes nothing', () => {
    const { spec } = podContainerSpec(containerInput);
    assert.throws(() => updateSpec(spec, noLimits, { ...noLimits, memoryLimit: -2 }), { kind: 'invalid_argument' });
  });
});
