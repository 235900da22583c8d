import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError, isKind } from '@berth/model/error';
import { encodeMessage, failure } from './status-code.ts';
import { parseTimeout } from './timeout.ts';

test('any message is printable ASCII on the way, and itself again after it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const encoded = encodeMessage(text);
      assert.match(encoded, /^[\x20-\x7e]*$/);
      assert.equal(decodeURIComponent(encoded), text.toWellFormed());
    }),
  );
});

test('a message of any length fits into a header', () => {
  assert.ok((failure(new BerthError('internal', 'ü'.repeat(100_000)))['grpc-message'] ?? '').length < 32 * 1024);
});

test('a deadline is read in every unit', () => {
  for (const [header, milliseconds] of [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['99999999m', 99_999_999],
    ['5000u', 5],
    ['2000000n', 2],
    ['0m', 0],
    // Longer than timers go.
    ['99999999H', undefined],
    [undefined, undefined],
  ] as const) {
    assert.equal(parseTimeout(header), milliseconds, String(header));
  }
  for (const wrong of ['', '5', 'm', '-1m', '1x', '123456789m'])
    assert.throws(
      () => parseTimeout(wrong),
      (error) => isKind(error, 'invalid_argument'),
    );
});
