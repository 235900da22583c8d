import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '@berth/model/error';
import { parseMoment, parseSpan } from './moment.ts';
import { pruneRequest } from './prune-filter.ts';

const now = Date.parse('2026-11-21T12:00:00Z');

test('filters of what is pruned are docker’s', () => {
  assert.deepEqual(pruneRequest([], false, now), { all: false, labels: [] });
  assert.deepEqual(pruneRequest(['dangling=false'], false, now), { all: true, labels: [] });
  assert.deepEqual(pruneRequest(['until=1h30m', 'label=a', 'label!=b=c=d'], true, now), {
    all: true,
    labels: ['a', '!b=c=d'],
    until: '2026-11-21T10:30:00.000Z',
  });
  for (const bad of ['until=soon', 'name=x', 'until', 'until!=1h', 'dangling=maybe']) {
    assert.throws(
      () => pruneRequest([bad], false, now),
      (error) => isKind(error, 'invalid_argument'),
      bad,
    );
  }
});

test('moments are RFC 3339, dates, seconds, or spans before now', () => {
  assert.equal(parseMoment('2026-11-21T11:59:59Z', now), now - 1000);
  assert.equal(parseMoment('1000.5', now), 1_000_500);
  assert.equal(parseMoment('2h', now), now - 7_200_000);
  assert.equal(parseSpan('1.5h'), 5_400_000);
  assert.equal(parseSpan('250ms'), 250);
  for (const bad of ['', 'h', '10', '-1h', '1d']) assert.throws(() => parseSpan(bad), bad);
  for (const bad of ['99999999999999999', 'noon']) assert.throws(() => parseMoment(bad, now), bad);
});
