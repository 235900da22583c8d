import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeRegistry, never, read, sendRange, someBlob } from '../fixture.ts';

const { bytes, descriptor } = someBlob(5 << 20);

describe('a large answer by http from this machine', () => {
  it('is read whole by a slow reader, from one request', async () => {
    await using registry = await FakeRegistry.start((request, response) => sendRange(request, response, bytes));
    const parts: Uint8Array[] = [];
    for await (const piece of registry.repository().blob(descriptor, never)) {
      parts.push(piece);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    assert.ok(bytes.equals(Buffer.concat(parts)));
    assert.equal(registry.seen.length, 1);
    assert.equal(registry.seen[0]?.headers['user-agent'], 'berth/test');
    assert.equal(registry.seen[0]?.headers.host, registry.host);
  });

  it('is left to node:http where it has no length, is a redirect or wants credentials', async () => {
    await using registry = await FakeRegistry.start((request, response) => {
      if (request.headers.authorization === undefined)
        return response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      if (request.url !== '/there') return response.writeHead(307, { location: '/there' }).end();
      response.write(bytes.subarray(0, 1000));
      return response.end(bytes.subarray(1000));
    });
    const repository = registry.repository({ as: { username: 'u', password: 'p' } });
    assert.ok(bytes.equals(await read(repository.blob(descriptor, never))));
  });

  it('with a head that is too long or no head is left to node:http, which says what is wrong', async () => {
    for (const text of [
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
      'SSH-2.0-x\r\n\r\n',
      'HTTP/1.1 200 OK\r\nbad\r\n\r\n',
    ]) {
      await using registry = await FakeRegistry.start((request) => void request.socket.end(text));
      await assert.rejects(read(registry.repository().blob(descriptor, never)), { kind: 'unavailable' });
    }
  });

  it('with two lengths is refused', async () => {
    await using registry = await FakeRegistry.start((request) => {
      request.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\ncontent-length: 5\r\n\r\n12345`);
    });
    await assert.rejects(read(registry.repository().blob(descriptor, never)), { kind: 'unavailable' });
  });
});
