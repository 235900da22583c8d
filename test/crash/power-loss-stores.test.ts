import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { silentLog } from '@berth/model/context';
import { openStores } from '@berth/engine/store/open-stores';
import { PowerDisk, whyNoPowerCut } from './power-disk.ts';
import { interruptedWriter, Promises } from './promises.ts';
import { crashRounds } from './rounds.ts';

describe('stores whose machine loses its power again and again', { skip: whyNoPowerCut, timeout: 3_600_000 }, () => {
  it('keep all that was promised, and nothing half done', async (t) => {
    using disk = new PowerDisk();
    const root = path.join(disk.folder, 'root');
    const promised = new Promises();
    let cuts = 0;
    for (const round of crashRounds(12)) {
      cuts = round;
      const strike = (): void => disk.cutPower();
      promised.take(await interruptedWriter(root, { delay: Math.random() * 400, bootId: `boot ${round}`, strike }));
      disk.unmount();
      disk.mount();
      await using stores = await openStores({
        root,
        log: silentLog,
        snapshotter: 'overlayfs',
        bootId: `boot ${round + 1}`,
      });
      await promised.check(stores, root);
    }
    t.diagnostic(`${cuts} power cuts, ${promised.blobs.size} blobs and ${promised.layers.size} layers kept`);
    assert.ok(promised.blobs.size > 0 && promised.layers.size > 0);
    disk.unmount();
    disk.check();
  });
});
