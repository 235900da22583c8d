import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentLog } from '@berth/model/context';
import type { MetadataStore } from '#store/metadata';
import { PodEntry } from './entry.ts';
import { PodRegistry } from './registry.ts';
import { podConfig } from './spec/input-example.ts';

const pod = () =>
  new PodEntry(
    { namespace: 'k8s.io', id: 'p', createdAt: 1 },
    { config: podConfig, runtimeHandler: '', phase: 'running', netns: '' },
  );

/** A store of pods' rows, whose writes of one turn are done together, later; while `isBroken` they fail. */
function fakeStore() {
  const rows = new Map<string, unknown>();
  const state = { rows, isBroken: false };
  const tx = {
    pods: { list: () => [], put: (row: PodEntry) => rows.set(row.id, row), delete: (id: string) => rows.delete(id) },
  };
  const metadata = {
    read: (action: (reading: unknown) => unknown) => action(tx),
    write: async (action: (writing: unknown) => unknown) => {
      await Promise.resolve();
      if (state.isBroken) throw new Error('disk full');
      return action(tx);
    },
  } as unknown as MetadataStore;
  return { state, metadata };
}

describe('the rows of pods', () => {
  it('a save in the turn of a removal does not bring the pod back', async () => {
    const { state, metadata } = fakeStore();
    const registry = new PodRegistry(metadata, silentLog);
    const one = pod();
    await registry.add(one);
    await Promise.all([registry.delete(one), registry.save(one)]);
    assert.equal(state.rows.size, 0);
    assert.equal(registry.get('p'), undefined);
  });

  it('a pod whose removal was not written is there still, and can be saved', async () => {
    const { state, metadata } = fakeStore();
    const registry = new PodRegistry(metadata, silentLog);
    const one = pod();
    await registry.add(one);
    state.isBroken = true;
    await assert.rejects(registry.delete(one), /disk full/);
    state.isBroken = false;
    state.rows.clear();
    await registry.save(one);
    assert.deepEqual([one.removed, registry.get('p'), state.rows.size], [false, one, 1]);
  });
});
