import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { writeReply } from './write-reply.ts';

it('a long answer leaves no listener behind for each of its pieces', async () => {
  const pieces = 100;
  const answered = Promise.withResolvers<void>();
  let most = 0;
  const server = createServer((_request, response: ServerResponse) => {
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < pieces; piece++) {
        most = Math.max(most, response.listenerCount('close'), response.listenerCount('error'));
        yield Buffer.alloc(1 << 20);
      }
    };
    writeReply(response, { bytes: bytes(), contentType: 'application/octet-stream' }).then(
      answered.resolve,
      answered.reject,
    );
  }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const [answer] = (await once(get({ port: (server.address() as AddressInfo).port }), 'response')) as [
      IncomingMessage,
    ];
    let size = 0;
    for await (const piece of answer as AsyncIterable<Buffer>) size += piece.length;
    await answered.promise;
    assert.equal(size, pieces << 20);
    assert.ok(most < 10, `${most} listeners`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
