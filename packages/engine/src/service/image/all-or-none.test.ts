import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { backgroundContext, withSignal } from '@berth/model/context';
import { allOrNone } from './all-or-none.ts';

test('all run at once and answer in order', async () => {
  const done = await allOrNone(backgroundContext(), [async () => (await turn(), 1), async () => 2]);
  assert.deepEqual(done, [1, 2]);
});

test('the first failure stops the others, and is thrown when they have ended', async () => {
  const ended: string[] = [];
  const failing = allOrNone(backgroundContext(), [
    async () => {
      await turn();
      throw new Error('first');
    },
    async ({ signal }) => {
      while (!signal.aborted) await turn();
      await turn();
      ended.push('other');
      throw new Error('second');
    },
  ]);
  await assert.rejects(failing, /first/);
  assert.deepEqual(ended, ['other']);
});

test('the caller stops all', async () => {
  const controller = new AbortController();
  const context = withSignal(backgroundContext(), controller.signal);
  const waiting = allOrNone(context, [
    async ({ signal }) => {
      while (!signal.aborted) await turn();
      signal.throwIfAborted();
    },
  ]);
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});
