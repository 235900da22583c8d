import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf, uploadSpan, wantedSpan } from './byte-range.ts';

test('a range of bytes is inside of them, or none, or all', () => {
  assert.deepEqual(wantedSpan('bytes=0-0', 10), { first: 0, last: 0 });
  assert.deepEqual(wantedSpan('bytes=2-', 10), { first: 2, last: 9 });
  assert.deepEqual(wantedSpan('bytes=-3', 10), { first: 7, last: 9 });
  assert.deepEqual(wantedSpan('bytes=-30', 10), { first: 0, last: 9 });
  assert.deepEqual(wantedSpan('bytes=8-99', 10), { first: 8, last: 9 });
  for (const text of ['bytes=10-', 'bytes=-0', 'bytes=10-11']) assert.equal(wantedSpan(text, 10), 'none', text);
  for (const text of ['bytes=0-', 'bytes=-5']) assert.equal(wantedSpan(text, 0), 'none', text);
  for (const text of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=3-2',
    'bytes=0-1,2-3',
    'bytes=a-b',
    'bytes=--1',
    'items=0-1',
  ]) {
    assert.equal(wantedSpan(text, 10), undefined, String(text));
  }
  // More digits than a number has.
  assert.equal(wantedSpan(`bytes=${'9'.repeat(16)}-`, 10), undefined);
});

test('a part of an upload says where it goes, in the words of the spec or of HTTP', () => {
  for (const text of ['3-5', 'bytes 3-5/10', 'bytes=3-5', 'bytes 3-5/*']) {
    assert.deepEqual(uploadSpan(text), { first: 3, last: 5 }, text);
  }
  assert.equal(uploadSpan(undefined), undefined);
  for (const text of ['', '5', '5-3', '-1-2', 'bytes */10', `0-${'1'.repeat(16)}`]) {
    assert.throws(() => uploadSpan(text), { kind: 'invalid_argument', code: 'bad_part' }, text);
  }
  assert.deepEqual([rangeOf(0), rangeOf(1), rangeOf(100)], ['0-0', '0-0', '0-99']);
});
