import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Turns } from './turns.ts';

describe('turns', () => {
  test('work on one thing is done in its order, also behind a failure; other things do not wait', async () => {
    const turns = new Turns();
    const done: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = turns.take('a', async () => {
      await gate.promise;
      done.push('a1');
      throw new Error('a1');
    });
    const second = turns.take('a', () => Promise.resolve(done.push('a2')));
    await turns.take('b', () => Promise.resolve(done.push('b')));
    gate.resolve();
    await assert.rejects(first, /a1/);
    await second;
    assert.deepEqual(done, ['b', 'a1', 'a2']);
  });
});
