import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binarySize, decimalSize } from './human-size.ts';
import { humanDuration, humanNanoseconds, humanSince, localTime } from './human-time.ts';
import { ellipsis, formatTable } from './table.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test('spans are told in docker’s words', () => {
  const spans: readonly (readonly [number, string])[] = [
    [0, 'Less than a second'],
    [999, 'Less than a second'],
    [second, '1 second'],
    [59 * second, '59 seconds'],
    [minute, 'About a minute'],
    [119 * second, 'About a minute'],
    [2 * minute, '2 minutes'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [89 * minute, 'About an hour'],
    [90 * minute, '2 hours'],
    [47 * hour, '47 hours'],
    [2 * day, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
    [4 * 365 * day, '4 years'],
  ];
  for (const [milliseconds, text] of spans) assert.equal(humanDuration(milliseconds), text);
});

test('a time that is unset is nothing, also in the future', () => {
  assert.equal(humanSince('', 0), '');
  assert.equal(humanSince('2026-11-21T10:00:00.123456789Z', Date.parse('2026-11-21T10:00:05.2Z')), '5 seconds ago');
  assert.equal(humanSince('2026-11-21T10:00:05Z', Date.parse('2026-11-21T10:00:00Z')), 'Less than a second ago');
});

test('a creation time is local, with its zone', () => {
  assert.match(localTime('2026-11-21T10:00:00.5Z'), /^2026-11-2\d \d\d:\d\d:00 (\+0000 UTC|[+-]\d{4})$/);
  assert.equal(localTime(''), '');
});

test('sizes have as many digits as docker’s', () => {
  const decimal = {
    0: '0B',
    999: '999B',
    1000: '1kB',
    72800: '72.8kB',
    4268000: '4.27MB',
    999600: '1MB',
    1234567890: '1.23GB',
  };
  for (const [bytes, text] of Object.entries(decimal)) assert.equal(decimalSize(Number(bytes)), text);
  assert.equal(binarySize(0), '0B');
  assert.equal(binarySize(1.945 * 2 ** 30), '1.945GiB');
  assert.equal(binarySize(512 << 20), '512MiB');
  assert.equal(binarySize(2 ** 20 - 1), '1MiB');
});

test('nanoseconds are never in exponent form', () => {
  assert.deepEqual([0, 870, 12_340, 999_950, 4_560_000, 1_230_000_000, 123e9].map(humanNanoseconds), [
    '0ns',
    '870ns',
    '12.3µs',
    '1000µs',
    '4.56ms',
    '1.23s',
    '123s',
  ]);
});

test('tables have docker’s widths and nothing after the last column', () => {
  assert.equal(
    formatTable([
      ['ID', 'PORTS', 'NAMES'],
      ['123456789012', '', 'a'],
    ]),
    'ID             PORTS     NAMES\n123456789012             a\n',
  );
  assert.equal(
    formatTable([
      ['A', 'B'],
      ['é…', 'x'],
    ]),
    'A         B\né…        x\n',
  );
});

test('an ellipsis counts characters', () => {
  assert.equal(ellipsis('12345678901234567890', 20), '12345678901234567890');
  assert.equal(ellipsis('123456789012345678901', 20), '1234567890123456789…');
  assert.equal(ellipsis('😀😀😀', 2), '😀…');
});
