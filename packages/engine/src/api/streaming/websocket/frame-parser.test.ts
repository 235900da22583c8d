import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeHeader, WebSocketProtocolError } from './frame.ts';
import { WebSocketFrameParser } from './frame-parser.ts';

/** A client's frame. */
function frame(code: number, bytes: Uint8Array, { fin = true, mask = Buffer.from([1, 2, 3, 250]) } = {}): Buffer {
  const header = encodeHeader(code, bytes.length);
  header[0] = (fin ? 0x80 : 0) | code;
  header[1]! |= 0x80;
  return Buffer.concat([header, mask, bytes.map((byte, index) => byte ^ (mask[index % 4] as number))]);
}

/** The messages in bytes that come in pieces of these sizes. */
function parse(bytes: Buffer, sizes: readonly number[] = []): string[] {
  const parser = new WebSocketFrameParser();
  const found: string[] = [];
  let [message, turn] = ['', 0];
  for (let at = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    for (const piece of parser.push(Buffer.from(bytes.subarray(at, at + size)))) {
      if (piece.type !== 'binary' && piece.type !== 'text') {
        found.push(`${piece.type} ${piece.bytes.toString('latin1')}`);
        continue;
      }
      message = (piece.isFirst ? `${piece.type} ` : message) + piece.bytes.toString('latin1');
      if (piece.isLast) found.push(message);
    }
    at += size;
  }
  return found;
}

describe('the frames of WebSocket', () => {
  it('are the same messages in whatever pieces they come', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 300 });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    const ping = frame(9, Buffer.from('ping'));
    fc.assert(
      fc.property(
        fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 5 }),
        sizes,
        (messages, cut) => {
          const frames = messages.flatMap((parts) =>
            parts.flatMap((part, index) => [
              frame(index === 0 ? 2 : 0, Buffer.from(part, 'latin1'), { fin: index === parts.length - 1 }),
              // Between the frames of one message too.
              ping,
            ]),
          );
          const found = parse(Buffer.concat(frames), cut);
          const said = found.filter((one) => one !== 'ping ping');
          assert.deepEqual(
            said,
            messages.map((parts) => `binary ${parts.join('')}`),
          );
        },
      ),
    );
  });

  it('may be longer than 16 bits say', () => {
    const bytes = Buffer.alloc(70_000, 'long ');
    assert.deepEqual(parse(frame(1, bytes), [1000]), [`text ${bytes.toString()}`]);
  });

  it('that are none end in an error of the protocol, and in no other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.from(noise);
        // Else nearly all noise ends at its first two bytes.
        if (bytes.length > 1) bytes.set([(bytes[0]! & 0x83) | (bytes[0]! & 8), bytes[1]! | 0x80]);
        try {
          parse(bytes, [5]);
        } catch (error) {
          assert.ok(error instanceof WebSocketProtocolError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
