import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlobTurns } from './blob-turns.ts';

const never = new AbortController().signal;

test('calls for one blob take turns, those for others do not wait', async () => {
  const turns = new BlobTurns();
  const seen: string[] = [];
  const first = Promise.withResolvers<void>();
  const one = turns.run('a', never, async () => {
    await first.promise;
    seen.push('one');
  });
  const two = turns.run('a', never, async () => void seen.push('two'));
  await turns.run('b', never, async () => void seen.push('other'));
  first.resolve();
  await Promise.all([one, two]);
  assert.deepEqual(seen, ['other', 'one', 'two']);
});

test('a call that is given up while it waits lets those behind it go on, in order', async () => {
  const turns = new BlobTurns();
  const first = Promise.withResolvers<void>();
  const caller = new AbortController();
  const seen: string[] = [];
  const one = turns.run('a', never, async () => {
    await first.promise;
    seen.push('one');
  });
  const two = turns.run('a', caller.signal, async () => void seen.push('two'));
  const three = turns.run('a', never, async () => void seen.push('three'));
  caller.abort(new Error('gone'));
  await assert.rejects(two, /gone/);
  first.resolve();
  await Promise.all([one, three]);
  assert.deepEqual(seen, ['one', 'three']);
});

test('a call that fails does not harm the next one', async () => {
  const turns = new BlobTurns();
  const bad = turns.run('a', never, () => Promise.reject(new Error('bad')));
  const good = turns.run('a', never, () => Promise.resolve('good'));
  await assert.rejects(bad, /bad/);
  assert.equal(await good, 'good');
});
