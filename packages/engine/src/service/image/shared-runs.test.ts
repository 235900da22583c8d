import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { ProgressStep } from './contract.ts';
import { SharedRuns } from './shared-runs.ts';

const silent = (): void => {};
const { signal } = new AbortController();

test('calls with one key are one run, and hear the same', async () => {
  const runs = new SharedRuns<number>();
  const go = Promise.withResolvers<void>();
  let started = 0;
  const start = async (_: AbortSignal, progress: (step: ProgressStep) => void): Promise<number> => {
    progress({ id: 'layer', status: 'waiting' });
    progress({ id: 'layer', status: 'downloading', current: 1 });
    await go.promise;
    progress({ id: 'layer', status: 'done' });
    return ++started;
  };
  const heard: ProgressStep[] = [];
  const first = runs.join('a', { signal, progress: silent }, start);
  await turn();
  const late = runs.join('a', { signal, progress: (step) => heard.push(step) }, start);
  const other = runs.join('b', { signal, progress: silent }, async () => 10);
  go.resolve();
  assert.deepEqual(await Promise.all([first, late, other]), [1, 1, 10]);
  assert.deepEqual(
    heard.map(({ status }) => status),
    ['downloading', 'done'],
  );
  assert.equal(await runs.join('a', { signal, progress: silent }, async () => 5), 5);
});

test('a run ends with its last caller, who waits for what it cleans up', async () => {
  const runs = new SharedRuns<void>();
  const events: string[] = [];
  const start = async (stop: AbortSignal): Promise<void> => {
    while (!stop.aborted) await turn();
    await turn();
    events.push('cleaned up');
    stop.throwIfAborted();
  };
  const callers = [new AbortController(), new AbortController()];
  const [first, second] = callers.map((one) => runs.join('a', { signal: one.signal, progress: () => {} }, start));
  callers[0]!.abort(new Error('first goes'));
  await assert.rejects(first!, /first goes/);
  assert.equal(events.length, 0);
  callers[1]!.abort(new Error('second goes'));
  // A new call does not join what is ending.
  const anew = runs.join('a', { signal, progress: silent }, async () => void events.push('anew'));
  await assert.rejects(second!, /second goes/);
  await anew;
  assert.deepEqual(events, ['anew', 'cleaned up']);
});

test('a failure is told to all', async () => {
  const runs = new SharedRuns<void>();
  const start = (): Promise<void> => Promise.reject(new Error('broken'));
  const calls = [1, 2].map(() => runs.join('a', { signal, progress: () => {} }, start));
  for (const call of calls) await assert.rejects(call, /broken/);
});
