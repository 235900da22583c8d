import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeControl, encodeDataHeader, encodePing, encodeReset, SpdyProtocolError, words } from './frame.ts';
import { SpdyFrameParser } from './frame-parser.ts';

/** What a parser makes of bytes that come in pieces of these sizes; pieces of one data frame are put together again. */
function parse(bytes: Buffer, sizes: readonly number[] = []): unknown[] {
  const parser = new SpdyFrameParser();
  const found: Record<string, unknown>[] = [];
  let isOpen = false;
  for (let [at, turn] = [0, 0]; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    for (const frame of parser.push(bytes.subarray(at, at + size))) {
      if (frame.type !== 'data') {
        found.push({ ...frame });
        isOpen = false;
        continue;
      }
      const last = found.at(-1);
      if (isOpen && last !== undefined) {
        last['text'] += frame.bytes.toString('latin1');
        last['fin'] = frame.fin;
      } else found.push({ type: 'data', id: frame.streamId, text: frame.bytes.toString('latin1'), fin: frame.fin });
      isOpen = !frame.fin;
    }
    at += size;
  }
  return found;
}

describe('the frames of SPDY', () => {
  const data = (id: number, text: string): Buffer =>
    Buffer.concat([encodeDataHeader(id, text.length, true), Buffer.from(text)]);

  it('are the same in whatever pieces they come', () => {
    const frame = fc.oneof(
      fc
        .record({ id: fc.integer({ min: 1, max: 0x7fffffff }), text: fc.string({ unit: 'binary-ascii' }) })
        .map(({ id, text }) => data(id, text)),
      fc.integer({ min: 0, max: 0xffffffff }).map(encodePing),
      fc.integer({ min: 1, max: 0x7fffffff }).map((id) => encodeReset(id, 5)),
      fc.uint8Array({ maxLength: 40 }).map((body) => encodeControl(4, body)),
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, cut) => {
        const bytes = Buffer.concat(frames);
        assert.deepEqual(parse(bytes, cut), parse(bytes));
        assert.equal(parse(bytes).length, frames.length);
      }),
    );
  });

  it('that are none end in an error of the protocol, and in no other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, isControl) => {
        const bytes = Buffer.from(noise);
        // Most noise is the start of a long data frame: half of it shall look like control frames.
        if (isControl) bytes.set([0x80, 3, 0].slice(0, bytes.length));
        try {
          parse(bytes, [7]);
        } catch (error) {
          assert.ok(error instanceof SpdyProtocolError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('of another version, too large or too short ones are refused', () => {
    const wrong = [
      Buffer.concat([Buffer.from([0x80, 2, 0, 6]), words(4, 1)]),
      Buffer.concat([Buffer.from([0x80, 3, 0, 1]), words(0x100000)]),
      encodeControl(6, Buffer.alloc(3)),
      encodeControl(1, Buffer.alloc(9)),
      encodeControl(3, Buffer.alloc(7)),
    ];
    for (const bytes of wrong) assert.throws(() => parse(bytes), SpdyProtocolError);
  });

  it('with data are handed on without waiting for their end', () => {
    const parser = new SpdyFrameParser();
    const [piece] = parser.push(Buffer.concat([encodeDataHeader(1, 0xffffff, true), Buffer.from('begun')]));
    assert.deepEqual(piece, { type: 'data', streamId: 1, bytes: Buffer.from('begun'), fin: false });
  });
});
