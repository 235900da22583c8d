import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { refuse } from './respond.ts';

describe('a refused upgrade', () => {
  it('is told why, and what its client still says is read until it ends', async () => {
    const [client, server] = duplexPair();
    refuse(server, 404, { text: 'no such stream' });
    client.end(Buffer.alloc(1 << 20));
    assert.match(await text(client), /^HTTP\/1\.1 404 Not Found\r\n[^]*\r\n\r\nno such stream\n$/);
    if (!server.destroyed) await once(server, 'close');
  });

  it('whose client never ends is closed after a minute', async (test) => {
    test.mock.timers.enable({ apis: ['setTimeout'] });
    const [client, server] = duplexPair();
    refuse(server, 404, { text: 'no such stream' });
    await text(client);
    assert.equal(server.destroyed, false);
    test.mock.timers.tick(60_000);
    assert.equal(server.destroyed, true);
  });
});
