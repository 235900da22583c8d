import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { backgroundContext, silentLog } from '@berth/model/context';
import { isDigest } from '@berth/model/digest';
import { openStores } from '@berth/engine/store/open-stores';
import { interruptedWriter, Promises } from '../crash/promises.ts';
import { needsRoot, Workplace } from './workplace.ts';

const context = backgroundContext();
const rounds = 30;

/** Runs a writer and kills it `delay` ms after its first line. Its complete lines. */
function killedWriter(root: string, delay: number): Promise<string[]> {
  return interruptedWriter(root, { delay, strike: () => undefined });
}

describe('stores whose daemon is killed again and again', { skip: needsRoot }, () => {
  it('keep all that was promised, and nothing half done', async () => {
    using place = new Workplace();
    const root = path.join(place.path, 'root');
    const promised = new Promises();
    // A busy disk promises less in the same time.
    const isEnough = (): boolean => promised.blobs.size > rounds && promised.layers.size > rounds;
    for (let round = 0; round < rounds || (!isEnough() && round < 5 * rounds); round++) {
      promised.take(await killedWriter(root, Math.random() * 150));
      await using stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs' });
      await promised.check(stores, root);
    }
    assert.ok(isEnough(), `${promised.blobs.size} blobs, ${promised.layers.size} layers`);
  });

  it('resume ingests where they were', async () => {
    using place = new Workplace();
    const root = path.join(place.path, 'root');
    for (let round = 0; round < 5; round++) await killedWriter(root, Math.random() * 50);
    await using stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs' });
    for (const { ref, offset, expected } of await stores.content.ingests(context)) {
      assert.ok(isDigest(expected.digest));
      await using ingest = await stores.content.ingest(context, ref, expected);
      assert.equal(ingest.offset, offset);
    }
  });
});
