import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { FakeRegistry, never, someBlob, someManifest } from '../fixture.ts';

/** Uploads as registries keep them, with the faults of the test. */
class Uploads {
  readonly stored: Buffer[] = [];
  readonly ended: string[] = [];
  readonly chunks: number[] = [];
  /** Bytes after which a body's connection breaks, one for each body. */
  breaks: number[] = [];
  /** Greatest body; others get 413. */
  limit = Number.POSITIVE_INFINITY;
  leastChunk = 0;
  /** The answer to a PUT that worked is lost. */
  loseAnswer = false;
  #received = Buffer.alloc(0);
  #open = false;

  async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { method } = request;
    const url = new URL(request.url!, 'http://x');
    const headers = { location: '/upload/1?state=s', 'oci-chunk-min-length': this.leastChunk };
    if (method === 'HEAD') return response.writeHead(this.stored.length > 0 ? 200 : 404).end();
    if (method === 'POST') {
      this.#received = Buffer.alloc(0);
      this.#open = true;
      return response.writeHead(202, headers).end();
    }
    if (!this.#open) return response.writeHead(404).end();
    if (method === 'DELETE') {
      this.#open = false;
      this.ended.push('cancelled');
      return response.writeHead(204).end();
    }
    const range = `0-${Math.max(0, this.#received.length - 1)}`;
    if (method === 'GET') return response.writeHead(204, { ...headers, range }).end();
    if (Number(request.headers['content-length']) > this.limit) return response.writeHead(413).end();
    const from = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
    if (from !== undefined && Number(from) !== this.#received.length) return response.writeHead(416, { range }).end();
    await this.#take(request);
    if (method === 'PATCH') return response.writeHead(202, headers).end();
    assert.ok(url.searchParams.get('digest')?.startsWith('sha256:') === true && url.searchParams.get('state') === 's');
    this.#open = false;
    this.stored.push(this.#received);
    if (!this.loseAnswer) return response.writeHead(201).end();
    this.loseAnswer = false;
    return response.destroy();
  }

  async #take(request: IncomingMessage): Promise<void> {
    const least = this.breaks.shift() ?? Number.POSITIVE_INFINITY;
    let count = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      const kept = piece.subarray(0, least - count);
      this.#received = Buffer.concat([this.#received, kept]);
      count += kept.length;
      if (count >= least) throw new Error('the line breaks');
    }
    if (count > 0) this.chunks.push(count);
  }
}

function reader(bytes: Buffer, piece = 10_000) {
  return async function* (offset: number): AsyncGenerator<Uint8Array> {
    for (let at = offset; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  };
}

describe('a blob that is uploaded', () => {
  it('goes in one request', async () => {
    const uploads = new Uploads();
    const { bytes, descriptor } = someBlob(300_000);
    await using registry = await FakeRegistry.start((request, response) => uploads.answer(request, response));
    const seen: number[] = [];
    const onProgress = (at: number): void => void seen.push(at);
    await registry.repository().pushBlob(descriptor, reader(bytes), { signal: never, onProgress });
    assert.ok(bytes.equals(uploads.stored[0]!));
    assert.equal(seen.at(-1), bytes.length);
    assert.deepEqual(
      registry.seen.map(({ method }) => method),
      ['POST', 'PUT'],
    );
    await registry.repository().pushBlob(someBlob(0).descriptor, reader(Buffer.alloc(0)), { signal: never });
    assert.equal(uploads.stored[1]?.length, 0);
  });

  it('goes on where it broke, more than once', async () => {
    const uploads = new Uploads();
    uploads.breaks = [100_000, 50_001, 1];
    const { bytes, descriptor } = someBlob(300_000);
    await using registry = await FakeRegistry.start((request, response) => uploads.answer(request, response));
    await registry.repository().pushBlob(descriptor, reader(bytes), { signal: never });
    assert.ok(bytes.equals(uploads.stored[0]!));
    const ranges = registry.seen
      .filter(({ method }) => method === 'PATCH')
      .map(({ headers }) => headers['content-range']);
    assert.equal(ranges[0], '100000-299999');
  });

  it('is there when only the answer was lost', async () => {
    const uploads = new Uploads();
    uploads.loseAnswer = true;
    const { bytes, descriptor } = someBlob(1000);
    await using registry = await FakeRegistry.start((request, response) => uploads.answer(request, response));
    await registry.repository().pushBlob(descriptor, reader(bytes), { signal: never });
    assert.equal(uploads.stored.length, 1);
  });

  it('goes in chunks where it is too big for one request, none smaller than the registry allows', async () => {
    const uploads = new Uploads();
    uploads.limit = 100_000;
    uploads.leastChunk = 60_000;
    const { bytes, descriptor } = someBlob(300_000);
    await using registry = await FakeRegistry.start((request, response) => uploads.answer(request, response));
    await registry.repository({ chunkSize: 7000 }).pushBlob(descriptor, reader(bytes), { signal: never });
    assert.ok(bytes.equals(uploads.stored[0]!));
    assert.deepEqual(uploads.chunks, [60_000, 60_000, 60_000, 60_000, 60_000]);
  });

  it('is given up when its source fails, and the registry is told', async () => {
    const uploads = new Uploads();
    const { bytes, descriptor } = someBlob(300_000);
    await using registry = await FakeRegistry.start((request, response) =>
      uploads.answer(request, response).catch(() => undefined),
    );
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 1000);
      throw new RangeError('the disk is gone');
    };
    const repository = registry.repository();
    await assert.rejects(repository.pushBlob(descriptor, failing, { signal: never }), RangeError);
    assert.deepEqual(uploads.ended, ['cancelled']);
    const long = reader(Buffer.concat([bytes, bytes]));
    await assert.rejects(repository.pushBlob(descriptor, long, { signal: never }), { code: 'size_mismatch' });
    const short = reader(bytes.subarray(1));
    await assert.rejects(repository.pushBlob(descriptor, short, { signal: never }), { code: 'size_mismatch' });
    assert.equal(uploads.stored.length, 0);
  });

  it('is not sent to its end after the registry refused it', { timeout: 60_000 }, async () => {
    const size = 64 << 20;
    const ended = Promise.withResolvers<number>();
    const piece = Buffer.alloc(1 << 20);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      let at = 0;
      try {
        for (; at < size; at += piece.length) yield piece;
      } finally {
        ended.resolve(at);
      }
    };
    await using registry = await FakeRegistry.start((request, response) => {
      if (request.method === 'POST') return response.writeHead(202, { location: '/u' }).end();
      return response.writeHead(403).end();
    });
    const { digest } = someBlob(1).descriptor;
    const pushed = registry.repository().pushBlob({ digest, size }, endless, { signal: never });
    await assert.rejects(pushed, { kind: 'permission_denied' });
    assert.ok((await ended.promise) < size);
  });

  it('ends as cancelled when that comes while it waits to try again', async () => {
    const uploads = new Uploads();
    uploads.breaks = [1000];
    const { bytes, descriptor } = someBlob(300_000);
    await using registry = await FakeRegistry.start((request, response) => uploads.answer(request, response));
    const stop = new AbortController();
    const clock = { now: () => 0, sleep: async () => (stop.abort(), stop.signal.throwIfAborted()) };
    const pushed = registry.repository({ clock }).pushBlob(descriptor, reader(bytes), { signal: stop.signal });
    await assert.rejects(pushed, { kind: 'cancelled' });
    assert.deepEqual(uploads.ended, ['cancelled']);
  });

  it('is told when the registry finds other bytes', async () => {
    const { bytes, descriptor } = someBlob(100);
    await using registry = await FakeRegistry.start((request, response) => {
      if (request.method === 'POST') return response.writeHead(202, { location: '/u' }).end();
      return response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}');
    });
    const pushed = registry.repository().pushBlob(descriptor, reader(bytes), { signal: never });
    await assert.rejects(pushed, { kind: 'data_loss', code: 'digest_mismatch' });
  });

  it('may go to another host, which gets no credentials', async () => {
    const { bytes, descriptor } = someBlob(100);
    await using store = await FakeRegistry.start(async (request, response) => {
      for await (const piece of request) void piece;
      response.writeHead(201).end();
    });
    await using registry = await FakeRegistry.start((request, response) => {
      const known = request.headers.authorization !== undefined;
      if (known) response.writeHead(202, { location: `http://${store.host}/u` }).end();
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    });
    const repository = registry.repository({ as: { username: 'u', password: 'p' } });
    await repository.pushBlob(descriptor, reader(bytes), { signal: never });
    assert.equal(store.seen.length, 1);
    assert.equal(store.seen[0]?.headers.authorization, undefined);
  });
});

describe('a manifest that is pushed', () => {
  it('keeps up the tag of its subject where the registry has no referrers', async () => {
    const subject = someManifest('subject').descriptor;
    const { bytes, descriptor } = someManifest('signature', { subject, artifactType: 'application/x.sig' });
    const tag = subject.digest.replace(':', '-');
    const stored = new Map<string, Buffer>();
    await using registry = await FakeRegistry.start(async (request, response) => {
      const name = request.url!.split('/').at(-1)!;
      if (request.url!.includes('/referrers/')) return response.writeHead(404).end();
      if (request.method !== 'PUT') {
        const found = stored.get(name);
        return response.writeHead(found === undefined ? 404 : 200).end(request.method === 'HEAD' ? undefined : found);
      }
      const parts: Buffer[] = [];
      for await (const piece of request as AsyncIterable<Buffer>) parts.push(piece);
      stored.set(name, Buffer.concat(parts));
      return response.writeHead(201).end();
    });
    const repository = registry.repository();
    for (let count = 0; count < 2; count++) await repository.pushManifest(descriptor, bytes, { signal: never });
    const listed = await repository.referrers(subject.digest, never);
    assert.deepEqual(
      listed.map(({ digest, artifactType }) => [digest, artifactType]),
      [[descriptor.digest, 'application/x.sig']],
    );
    assert.ok(stored.has(tag));
    assert.deepEqual(await repository.referrers(subject.digest, never, 'other'), []);
  });

  it('is told when the registry made something else of it', async () => {
    const { bytes, descriptor } = someManifest('a');
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(201, { 'docker-content-digest': someManifest('b').descriptor.digest }).end();
    });
    const pushed = registry.repository().pushManifest(descriptor, bytes, { signal: never });
    await assert.rejects(pushed, { kind: 'data_loss', code: 'digest_mismatch' });
  });
});
