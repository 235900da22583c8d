import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advance, ended, finish, reached, sharedProgress, wake } from './shared-progress.ts';

const go = (): void => {};

test('a waiter hears when the amount is reached, and at once when it has been', async () => {
  const progress = sharedProgress(5);
  assert.deepEqual(await reached(progress, 5, go), { amount: 5, state: 'running' });
  const waiting = reached(progress, 10, go);
  advance(progress, 7);
  advance(progress, 12);
  assert.deepEqual(await waiting, { amount: 12, state: 'running' });
});

test('a waiter hears the end, with less than it waited for', async () => {
  for (const success of [true, false]) {
    const progress = sharedProgress();
    const waiters = [reached(progress, 10, go), ended(progress, go)];
    advance(progress, 3);
    finish(progress, success);
    const state = success ? 'complete' : 'failed';
    assert.deepEqual(await Promise.all(waiters), [
      { amount: 3, state },
      { amount: 3, state },
    ]);
  }
});

test('a waiter that is woken looks whether to give up', async () => {
  const progress = sharedProgress();
  let stopped = false;
  const waiting = ended(progress, () => {
    if (stopped) throw new Error('stopped');
  });
  wake(progress);
  stopped = true;
  wake(progress);
  await assert.rejects(waiting, /stopped/);
});

test('amounts beyond 2^32 are exact', async () => {
  const progress = sharedProgress(2 ** 45 + 1);
  finish(progress, true);
  assert.deepEqual(await ended(progress, go), { amount: 2 ** 45 + 1, state: 'complete' });
});
