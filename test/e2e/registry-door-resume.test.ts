import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { openBerthTarget } from '@berth/image/medium/berth/open';
import type { SourceBlob } from '@berth/image/medium/medium';
import type { Digest } from '@berth/model/digest';
import { ociLayout } from '../harness/archives.ts';
import { ask } from '../harness/ask.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { busybox, digestOf, testImage } from '../harness/images.ts';
import { ImageWorkplace } from './image-workplace.ts';

const { signal } = new AbortController();
const bytes = randomBytes(3_000_000);
const descriptor = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: digestOf(bytes) as Digest,
  size: bytes.length,
};

/** Gives its bytes in pieces and breaks off at one of them; tells where it was asked to begin. */
function brokenBlob(end: number, asked: number[]): SourceBlob {
  return {
    async *read(_signal, offset = 0) {
      asked.push(offset);
      for (let at = offset; at < bytes.length; at += 100_000) {
        if (at >= end) throw new Error('the source broke off');
        yield bytes.subarray(at, Math.min(bytes.length, at + 100_000, end));
      }
    },
  };
}

describe('an upload', { skip: whySkipped, timeout: 300_000 }, () => {
  test('goes on after the daemon was killed', async () => {
    await using engine = await Engine.start();
    const server = { socketPath: engine.socket };
    const started = await ask(server, 'POST', '/v2/app/blobs/uploads/');
    const location = started.headers.location ?? '';
    const half = { body: bytes.subarray(0, 1_000_000), headers: { 'content-range': '0-999999' } };
    assert.equal((await ask(server, 'PATCH', location, half)).status, 202);
    await engine.kill9();
    await engine.launch();
    const status = await ask(server, 'GET', location);
    assert.equal(status.status, 204);
    assert.equal(status.headers.range, '0-999999');
    const rest = { body: bytes.subarray(1_000_000), headers: { 'content-range': '1000000-2999999' } };
    assert.equal((await ask(server, 'PATCH', location, rest)).status, 202);
    assert.equal((await ask(server, 'PUT', `${location}?digest=${descriptor.digest}`)).status, 201);
    const got = await ask(server, 'GET', `/v2/app/blobs/${descriptor.digest}`);
    assert.ok(got.body.equals(bytes));
  });

  test('of a copy goes on in the next copy, from where it broke off, over a crash of the daemon', async () => {
    await using engine = await Engine.start();
    const asked: number[] = [];
    const copy = async (end: number): Promise<void> => {
      await using target = await openBerthTarget({ socket: engine.socket }, { namespace: 'default', name: 'app:1' });
      if (await target.has(descriptor, { signal })) return;
      await target.putBlob(descriptor, brokenBlob(end, asked), { signal });
    };
    await assert.rejects(copy(1_000_000));
    await assert.rejects(copy(2_000_000));
    await engine.kill9();
    await engine.launch();
    await copy(Number.POSITIVE_INFINITY);
    await copy(0);
    assert.equal(asked.length, 3);
    // What was on its way when the source broke off may be lost with the connection.
    const [first = -1, second = -1, third = -1] = asked;
    assert.equal(first, 0);
    assert.ok(second > 500_000 && second <= 1_000_000, String(second));
    assert.ok(third > 1_500_000 && third <= 2_000_000, String(third));
  });

  test('that an earlier copy left wrong bytes in is made anew', async () => {
    await using engine = await Engine.start();
    const server = { socketPath: engine.socket };
    const headers = { 'berth-resume': 'true' };
    const page = `/v2/app/blobs/uploads/?mount=${descriptor.digest}`;
    const started = await ask(server, 'POST', page, { headers });
    await ask(server, 'PATCH', started.headers.location ?? '', { body: Buffer.alloc(500_000, 1) });
    const asked: number[] = [];
    await using target = await openBerthTarget({ socket: engine.socket }, { namespace: 'default', name: 'app:1' });
    await target.putBlob(descriptor, brokenBlob(Number.POSITIVE_INFINITY, asked), { signal });
    assert.deepEqual(asked, [500_000, 0]);
    assert.equal(await target.has(descriptor, { signal }), true);
  });

  test('that its client left is taken up by the next load of that blob', async () => {
    await using place = await ImageWorkplace.open();
    const image = testImage({ compression: 'gzip', layers: [busybox(), [{ path: 'mark', body: 'taken up' }]] });
    const layer = image.layers[0]!;
    const server = { socketPath: place.engine.socket };
    const page = `/v2/app/blobs/uploads/?mount=${layer.digest}`;
    const started = await ask(server, 'POST', page, { headers: { 'berth-resume': 'true' } });
    await ask(server, 'PATCH', started.headers.location ?? '', { body: layer.bytes.subarray(0, 100_000) });
    await place.load(ociLayout(image, 'app:1'));
    assert.equal(await place.shell('app:1', 'cat /mark'), 'taken up');
  });

  test('of two copies of one image at once is one, and both succeed', async () => {
    await using engine = await Engine.start();
    const asked: number[] = [];
    const copy = async (name: string): Promise<void> => {
      await using target = await openBerthTarget({ socket: engine.socket }, { namespace: 'default', name });
      for (let tries = 0; ; tries++) {
        try {
          await target.putBlob(descriptor, brokenBlob(Number.POSITIVE_INFINITY, asked), { signal });
          return;
        } catch (error) {
          // What `copy` does: this one passes.
          if (tries > 5) throw error;
        }
      }
    };
    await Promise.all([copy('one:1'), copy('two:1'), copy('three:1')]);
    const got = await ask({ socketPath: engine.socket }, 'HEAD', `/v2/one/blobs/${descriptor.digest}`);
    assert.equal(got.status, 200);
  });
});
