import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { type BerthClient, connectBerth } from '@berth/sdk/client';
import { manifestOf, ociLayout } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, type TestImage, testImage } from '../harness/images.ts';
import { ImageWorkplace } from './image-workplace.ts';

describe('disk use and what holds a blob, with a daemon', { skip: whySkipped, timeout: 300_000 }, () => {
  let place: ImageWorkplace;
  let client: BerthClient;
  const base = busybox();
  const own: TestImage = testImage({
    layers: [base, Array.from({ length: 200 }, (_, n) => ({ path: `own/${n}`, body: 'x'.repeat(n * 100) }))],
    compression: 'gzip',
  });
  const plain: TestImage = testImage({ layers: [base], compression: 'gzip' });

  before(async () => {
    place = await ImageWorkplace.open();
    client = connectBerth({ socket: place.engine.socket });
    await place.load(ociLayout(own, 'own:1'));
    await place.load(ociLayout(plain, 'plain:1'));
    await place.engine.expect([
      'run',
      '-d',
      '--name',
      'busy',
      'own:1',
      'sh',
      '-c',
      'seq 20000; seq 9999 > /f; sleep 1000',
    ]);
  });
  after(async () => await place[Symbol.asyncDispose]());

  test('adds up to du, with a container that runs', async () => {
    const { root } = place.engine;
    for (let tries = 0; ; tries++) {
      execFileSync('sync', ['-f', root]);
      const { total, content, ingests, layers, containers, other } = await client.system.diskUse();
      assert.equal(total, content.bytes + ingests.bytes + layers.bytes + containers.bytes + other.bytes);
      const du = Number(execFileSync('du', ['-sx', '--block-size=1', root], { encoding: 'utf8' }).split('\t')[0]);
      // Between the two looks the log or the database may have grown.
      if (Math.abs(total - du) <= 8192) return;
      assert.ok(tries < 5, `${total} instead of ${du}`);
    }
  });

  test('says what an image has alone', async () => {
    const { images, content, layers } = await client.system.diskUse();
    const [big, small] = images;
    assert.deepEqual([images.length, big?.containers, small?.containers], [2, 1, 0]);
    assert.ok(big!.unique > 1_000_000 && big!.reclaimable === 0, JSON.stringify(big));
    assert.ok(small!.unique < 100_000 && small!.reclaimable === small!.unique, JSON.stringify(small));
    assert.equal(big!.shared, small!.shared);
    assert.deepEqual([content.reclaimable, layers.reclaimable], [0, 0]);
  });

  test('says which images and containers hold a layer, and by which way', async () => {
    const shared = plain.layers[0]!.digest;
    const [{ holders } = { holders: [] }] = await client.system.whatHolds(shared);
    const ways = holders.filter(({ namespace }) => namespace === 'default');
    assert.deepEqual(
      ways.map(({ kind, name }) => `${kind} ${name}`.replace(/[0-9a-f]{64}/, 'ID')),
      ['image docker.io/library/own:1', 'image docker.io/library/plain:1', 'container ID'],
    );
    assert.deepEqual(ways[1]?.path, [manifestOf(plain).digest, shared]);
    const text = await place.engine.expect(['gc', '--explain', shared.slice(7, 19)]);
    assert.match(text, /image docker\.io\/library\/plain:1 in default, k8s\.io, moby/);
    assert.equal((await client.system.whatHolds('plain:1')).length, 3);
    await assert.rejects(client.system.whatHolds('sha256:0123456789'), { code: 'no_such_content' });
  });

  test('collects by itself what the end of a container leaves', async () => {
    await place.engine.expect(['rmi', '--force', 'own:1']);
    const own1 = own.layers[1]!.digest;
    assert.equal((await client.system.whatHolds(own1)).length, 1);
    await place.engine.expect(['rm', '--force', 'busy']);
    const ids = (await client.images.list()).filter(({ names }) => names.length === 0).map(({ id }) => id);
    for (const id of ids) await client.images.remove(id, { force: true });
    await assert.rejects(client.system.whatHolds(own1), { code: 'no_such_content' });
  });
});
