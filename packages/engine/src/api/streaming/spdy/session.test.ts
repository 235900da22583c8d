import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { encodeControl, frameType, words } from './frame.ts';
import { HeaderEncoder } from './header-encoder.ts';
import { SpdySession } from './session.ts';
import type { SpdyStream } from './stream.ts';

const mebibyte = 1 << 20;

/** What a client says that opens `count` streams. */
function opened(count: number): Buffer {
  const encoder = new HeaderEncoder();
  const frames = Array.from({ length: count }, (_, index) => {
    const head = Buffer.concat([words(2 * index + 1, 0), Buffer.from([0, 0])]);
    return encodeControl(frameType.synStream, Buffer.concat([head, encoder.encode()]));
  });
  return Buffer.concat(frames);
}

describe('a session of SPDY', () => {
  const answers: readonly [name: string, answer: (stream: SpdyStream) => void][] = [
    ['accepts', (stream) => stream.accept()],
    ['resets', (stream) => stream.reset()],
  ];
  for (const [name, answer] of answers) {
    it(`${name} no more streams of a client that does not read the answers, until it does`, async () => {
      const [client, server] = duplexPair();
      let count = 0;
      const session = new SpdySession(server, (stream) => {
        count++;
        answer(stream);
      });
      server.write(Buffer.alloc(mebibyte));
      const served = session.run();
      client.write(opened(100));
      for (let turn = 0; turn < 100; turn++) await setImmediate();
      assert.equal(count, 1);
      assert.ok(server.listenerCount('drain') <= 1);
      client.resume();
      client.end();
      await served;
      assert.equal(count, 100);
    });
  }
});
