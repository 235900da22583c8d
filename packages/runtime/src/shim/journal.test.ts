import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJournal } from './journal.ts';

test('each event is read with its fields', () => {
  const text = 'start 0 1234 1790000000000000001\nfail 3 12 2 5\nfail 4 -1 10 6\nexit 0 137 9 1790000000000000002\n';
  assert.deepEqual(parseJournal(text), [
    { event: 'start', process: 0, pid: 1234, at: 1790000000000000001n },
    { event: 'fail', process: 3, record: 12, errno: 2, at: 5n },
    { event: 'fail', process: 4, record: undefined, errno: 10, at: 6n },
    { event: 'exit', process: 0, code: 137, signal: 9, at: 1790000000000000002n },
  ]);
});

test('a torn last line is left out, wherever it was torn', () => {
  const whole = 'start 0 12 34\n';
  const torn = 'exit 0 137 9 1790000000000000002';
  for (let size = 0; size <= torn.length; size++) {
    assert.equal(parseJournal(whole + torn.slice(0, size)).length, 1);
  }
  assert.deepEqual(parseJournal(''), []);
});

test('a line in the middle that is no event is data loss', () => {
  for (const line of ['nonsense', 'start 0 1', 'exit 0 1 2', 'exit 0 x 2 3', '']) {
    assert.throws(() => parseJournal(`${line}\nstart 0 1 2\n`), { kind: 'data_loss', code: 'bad_journal' });
  }
});
