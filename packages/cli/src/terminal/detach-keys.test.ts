import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '@berth/model/error';
import { DetachFilter, defaultDetachKeys, parseDetachKeys } from './detach-keys.ts';

test('keys are characters and control characters', () => {
  assert.deepEqual([...parseDetachKeys(defaultDetachKeys)], [16, 17]);
  assert.deepEqual([...parseDetachKeys('a,ctrl-a,ctrl-@,ctrl-[,ctrl-_,DEL')], [97, 1, 0, 27, 31, 127]);
  assert.deepEqual([...parseDetachKeys('')], []);
  for (const text of ['ctrl-', 'ctrl-1', 'foo', 'a,', 'é']) {
    assert.throws(
      () => parseDetachKeys(text),
      (error) => error instanceof BerthError && error.code === 'bad_flag',
      text,
    );
  }
});

/** Small alphabets make false starts and overlaps likely. */
const byte = fc.integer({ min: 0, max: 2 });
const chunks = fc.array(fc.uint8Array({ min: 0, max: 2, maxLength: 6 }), { maxLength: 8 });

test('however the input is cut, all bytes before the keys pass on in order, and none after', () => {
  fc.assert(
    fc.property(fc.array(byte, { minLength: 1, maxLength: 4 }), chunks, (keys, input) => {
      const filter = new DetachFilter(Uint8Array.from(keys));
      const passed: number[] = [];
      let detached = false;
      for (const chunk of input) {
        const result = filter.feed(chunk);
        passed.push(...result.pass);
        detached = result.detached;
        if (detached) break;
      }
      if (!detached) passed.push(...filter.flush());
      const all = Buffer.concat(input);
      const at = all.indexOf(Buffer.from(keys));
      assert.equal(detached, at >= 0);
      assert.deepEqual(Buffer.from(passed), at < 0 ? all : all.subarray(0, at));
    }),
  );
});

test('a start of the sequence is held back until the next key decides', () => {
  const filter = new DetachFilter(parseDetachKeys(defaultDetachKeys));
  assert.deepEqual([...filter.feed(Uint8Array.of(97, 16)).pass], [97]);
  assert.deepEqual([...filter.feed(Uint8Array.of(16)).pass], [16]);
  assert.deepEqual([...filter.feed(Uint8Array.of(98)).pass], [16, 98]);
});

test('without keys everything passes', () => {
  assert.deepEqual([...new DetachFilter(new Uint8Array(0)).feed(Uint8Array.of(16, 17)).pass], [16, 17]);
});
