import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameParser } from './frame.ts';

test('frames come out whole, whatever the chunks', () => {
  const frame = fc.record({
    type: fc.nat(255),
    flags: fc.nat(255),
    process: fc.nat(1023),
    payload: fc.uint8Array({ maxLength: 100 }),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map(({ type, process, payload, flags }) => encodeFrame(type, process, payload, flags)),
        );
        const parser = new FrameParser();
        const seen = [];
        for (let at = 0, turn = 0; at < bytes.length; at += cuts[turn++ % cuts.length]!) {
          for (const found of parser.push(bytes.subarray(at, at + cuts[turn % cuts.length]!)))
            seen.push({ ...found, payload: [...found.payload] });
        }
        assert.deepEqual(
          seen,
          frames.map((one) => ({ ...one, payload: [...one.payload] })),
        );
        assert.ok(parser.isComplete);
      },
    ),
  );
});

test('a length beyond the limit is data loss', () => {
  const bytes = encodeFrame(69, 0);
  new DataView(bytes.buffer).setUint32(0, (1 << 20) + 1, true);
  assert.throws(() => [...new FrameParser().push(bytes)], { kind: 'data_loss', code: 'bad_frame' });
});

test('half a frame is not complete', () => {
  const parser = new FrameParser();
  assert.deepEqual([...parser.push(encodeFrame(69, 0, new Uint8Array(4)).subarray(0, 10))], []);
  assert.equal(parser.isComplete, false);
});
