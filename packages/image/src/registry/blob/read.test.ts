import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BlobDescriptor, FakeClock, FakeRegistry, never, read, sendRange, someBlob } from '../fixture.ts';

const mib = 1 << 20;

describe('a blob that is downloaded', () => {
  it('arrives whole over connections that break anywhere', async () => {
    const { bytes, descriptor } = someBlob(3 * mib);
    let breaks = 3;
    await using registry = await FakeRegistry.start((request, response) => {
      if (breaks-- <= 0) return sendRange(request, response, bytes);
      const first = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const rest = bytes.subarray(first);
      response.writeHead(first === 0 ? 200 : 206, {
        'content-length': rest.length,
        ...(first === 0 ? {} : { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` }),
      });
      response.write(rest.subarray(0, Math.floor(Math.random() * rest.length)), () => response.destroy());
    });
    assert.ok(bytes.equals(await read(registry.repository().blob(descriptor, never))));
  });

  it('arrives whole where the server ignores ranges: what came before is skipped', async () => {
    const { bytes, descriptor } = someBlob(2 * mib);
    let broken = false;
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      if (broken) return response.end(bytes);
      broken = true;
      response.write(bytes.subarray(0, mib + 7), () => response.destroy());
    });
    assert.ok(bytes.equals(await read(registry.repository().blob(descriptor, never))));
    assert.ok(bytes.subarray(5).equals(await read(registry.repository().blob(descriptor, never, 5))));
  });

  it('begins at an offset', async () => {
    const { bytes, descriptor } = someBlob(1000);
    await using registry = await FakeRegistry.start((request, response) => sendRange(request, response, bytes));
    assert.ok(bytes.subarray(990).equals(await read(registry.repository().blob(descriptor, never, 990))));
    assert.equal((await read(registry.repository().blob(descriptor, never, 1000))).length, 0);
    assert.equal(registry.seen[0]?.headers.range, 'bytes=990-999');
  });

  it('comes in order when it comes in parallel pieces, some of which break', async () => {
    const { bytes, descriptor } = someBlob(3 * mib + 11);
    let count = 0;
    let together = 0;
    let most = 0;
    await using registry = await FakeRegistry.start(async (request, response) => {
      most = Math.max(most, ++together);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      together--;
      if (++count % 5 === 3) response.destroy();
      else sendRange(request, response, bytes);
    });
    const tuning = { rangesFrom: mib, pieceSize: 200_000, piecesInFlight: 4, fastEnough: Number.POSITIVE_INFINITY };
    assert.ok(bytes.equals(await read(registry.repository(tuning).blob(descriptor, never))));
    assert.ok(most > 1 && most <= 4, `${most} at once`);
  });

  it('comes over one connection when that is fast, and where ranges are not known', async () => {
    const { bytes, descriptor } = someBlob(3 * mib);
    const tuning = { rangesFrom: mib, pieceSize: 200_000 };
    await using ranges = await FakeRegistry.start((request, response) => sendRange(request, response, bytes));
    assert.ok(bytes.equals(await read(ranges.repository({ ...tuning, fastEnough: 0 }).blob(descriptor, never))));
    assert.equal(ranges.seen.length, 2);
    await using none = await FakeRegistry.start((_request, response) => response.end(bytes));
    const slow = { ...tuning, fastEnough: Number.POSITIVE_INFINITY };
    assert.ok(bytes.equals(await read(none.repository(slow).blob(descriptor, never))));
    assert.equal(none.seen.length, 1);
  });

  it('is given up when its reader stops', async () => {
    const { bytes, descriptor } = someBlob(3 * mib);
    await using registry = await FakeRegistry.start((request, response) => sendRange(request, response, bytes));
    const tuning = { rangesFrom: mib, pieceSize: 200_000, fastEnough: Number.POSITIVE_INFINITY };
    for await (const piece of registry.repository(tuning).blob(descriptor, never)) {
      assert.ok(piece.length > 0);
      break;
    }
  });

  it('goes on after the line fell silent', async () => {
    const { bytes, descriptor } = someBlob(100_000);
    let silent = true;
    await using registry = await FakeRegistry.start((request, response) => {
      if (!silent) return sendRange(request, response, bytes);
      silent = false;
      response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, 5));
    });
    assert.ok(bytes.equals(await read(registry.repository({ bodyPatience: 50 }).blob(descriptor, never))));
  });

  it('never has more than its bytes: an endless body is cut off', async () => {
    const { bytes, descriptor } = someBlob(100_000);
    await using registry = await FakeRegistry.start((_request, response) => {
      const more = (error?: Error | null): void => {
        if (!error && response.socket?.destroyed === false) response.write(bytes, more);
      };
      more();
    });
    await isDamaged(registry, descriptor);
  });

  it('is refused with another size: told at once, or when it always ends early', async () => {
    const { bytes, descriptor } = someBlob(1000);
    await using announced = await FakeRegistry.start((_request, response) => response.end(bytes.subarray(1)));
    await isDamaged(announced, descriptor);
    await using early = await FakeRegistry.start((_request, response) => {
      response.write(bytes.subarray(0, 500));
      response.end();
    });
    await isDamaged(early, descriptor);
    await using other = await FakeRegistry.start((_request, response) => {
      response.writeHead(206, { 'content-range': 'bytes 10-999/2000' }).end(bytes.subarray(10));
    });
    await assert.rejects(read(other.repository().blob(descriptor, never, 10)), { code: 'size_mismatch' });
    await using elsewhere = await FakeRegistry.start((_request, response) => {
      response.writeHead(206, { 'content-range': 'bytes 20-999/1000' }).end(bytes.subarray(20));
    });
    await assert.rejects(read(elsewhere.repository().blob(descriptor, never, 10)), { code: 'bad_range' });
  });

  it('is tried a bounded number of times', async () => {
    const { descriptor } = someBlob(1000);
    await using registry = await FakeRegistry.start((_request, response) => response.destroy());
    const clock = new FakeClock();
    const blob = registry.repository({ clock, maxRetries: 2 }).blob(descriptor, never);
    await assert.rejects(read(blob), { kind: 'unavailable', code: 'connection_lost' });
    assert.ok(registry.seen.length <= 9, `${registry.seen.length} requests`);
  });

  it('ends when it is cancelled', async () => {
    const { descriptor } = someBlob(1000);
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('x');
    });
    const stop = new AbortController();
    const reading = read(registry.repository().blob(descriptor, stop.signal));
    setTimeout(() => stop.abort(), 30);
    await assert.rejects(reading, { kind: 'cancelled' });
  });

  it('is not asked for by http where its descriptor names other URLs', async () => {
    const { descriptor } = someBlob(1000);
    await using other = await FakeRegistry.start((_request, response) => response.end());
    await using registry = await FakeRegistry.start((_request, response) => response.writeHead(404).end());
    const urls = [`http://${other.host}/blob`, 'nonsense', 'file:///etc/passwd'];
    const blob = registry.repository().blob({ ...descriptor, urls }, never);
    await assert.rejects(read(blob), { code: 'no_such_blob' });
    assert.equal(other.seen.length, 0);
  });
});

async function isDamaged(registry: FakeRegistry, descriptor: BlobDescriptor): Promise<void> {
  const blob = registry.repository().blob(descriptor, never);
  await assert.rejects(read(blob), { kind: 'data_loss', code: 'size_mismatch' });
}
