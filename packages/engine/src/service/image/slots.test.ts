import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Slots } from './slots.ts';

const { signal } = new AbortController();

test('no more run at once than there are slots, in the order in which they came', async () => {
  const slots = new Slots(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const task = (n: number) => async (): Promise<void> => {
    started.push(n);
    most = Math.max(most, ++running);
    await turn();
    running--;
    if (n === 1) throw new Error('of its own');
  };
  const all = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => slots.run(signal, task(n))));
  assert.deepEqual(started, [0, 1, 2, 3, 4]);
  assert.equal(most, 2);
  assert.equal(all.filter(({ status }) => status === 'rejected').length, 1);
});

test('who gives up while waiting takes no slot from others', async () => {
  const slots = new Slots(1);
  const hold = Promise.withResolvers<void>();
  const first = slots.run(signal, () => hold.promise);
  const impatient = new AbortController();
  const second = slots.run(impatient.signal, () => Promise.reject(new Error('ran')));
  const third = slots.run(signal, async () => 'third');
  impatient.abort(new Error('gone'));
  await assert.rejects(second, /gone/);
  hold.resolve();
  await first;
  assert.equal(await third, 'third');
});
