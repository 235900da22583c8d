import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '@berth/model/error';
import { FrameReader, framePrefix } from './frame.ts';

function readAll(reader: FrameReader): string[] {
  const found: string[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(Buffer.from(next).toString());
  return found;
}

test('however a stream is cut, its messages are the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 40 }), { maxLength: 6 }),
      fc.array(fc.nat({ max: 300 }), { maxLength: 20 }),
      (messages, places) => {
        const bytes = Buffer.concat(
          messages.flatMap((message) => [framePrefix(Buffer.byteLength(message)), Buffer.from(message)]),
        );
        const cuts = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const reader = new FrameReader(1000);
        const found = cuts.slice(1).flatMap((end, at) => {
          reader.add(bytes.subarray(cuts[at], end));
          return readAll(reader);
        });
        assert.deepEqual(
          found,
          messages.map((message) => Buffer.from(message).toString()),
        );
        assert.equal(reader.isEmpty, true);
      },
    ),
  );
});

test('a message that is begun is not empty', () => {
  const reader = new FrameReader(10);
  reader.add(framePrefix(3));
  assert.equal(reader.next(), undefined);
  assert.equal(reader.isEmpty, false);
});

test('a message above the limit is refused by its prefix', () => {
  const reader = new FrameReader(10);
  reader.add(framePrefix(11));
  assert.throws(
    () => reader.next(),
    (error) => isKind(error, 'resource_exhausted') && error.code === 'message_too_large',
  );
});

test('a compressed message is refused', () => {
  const reader = new FrameReader(10);
  reader.add(Buffer.from([1, 0, 0, 0, 1, 0]));
  assert.throws(
    () => reader.next(),
    (error) => isKind(error, 'unimplemented'),
  );
});
