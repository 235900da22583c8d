import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { backgroundContext, silentLog } from '@berth/model/context';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { needsRoot, Workplace } from './workplace.ts';

const context = backgroundContext();
const kept = { 'containerd.io/gc.root': 'now' };

for (const snapshotter of ['overlayfs', 'native'] as const) {
  describe(`mounted snapshots of ${snapshotter}`, { skip: needsRoot }, () => {
    const open = (place: Workplace): Promise<Stores> =>
      openStores({ root: path.join(place.path, 'root'), log: silentLog, snapshotter });
    const layer = async ({ snapshots }: Stores, name: string, parent: string): Promise<void> => {
      const { path: folder } = await snapshots.prepare(context, 'unpack', parent, kept);
      writeFileSync(path.join(folder, name), name);
      await snapshots.commit(context, name, 'unpack');
    };

    it('show all layers, and keep writes to themselves', async () => {
      using place = new Workplace();
      await using stores = await open(place);
      await layer(stores, 'base', '');
      await layer(stores, 'top', 'base');
      const { mount } = await stores.snapshots.prepare(context, 'container', 'top', kept);
      const seen = place.mount(mount);
      assert.deepEqual(readdirSync(seen).toSorted(), ['base', 'top']);
      rmSync(path.join(seen, 'base'));
      writeFileSync(path.join(seen, 'own'), '');
      place.unmount(seen);
      const other = place.mount((await stores.snapshots.prepare(context, 'other', 'top', kept)).mount);
      assert.deepEqual(readdirSync(other).toSorted(), ['base', 'top']);
      const again = place.mount(await stores.snapshots.mounts(context, 'container'));
      assert.deepEqual(readdirSync(again).toSorted(), ['own', 'top']);
    });

    it('commit what a container did as a layer', async () => {
      using place = new Workplace();
      await using stores = await open(place);
      await layer(stores, 'base', '');
      const changed = place.mount((await stores.snapshots.prepare(context, 'container', 'base', kept)).mount);
      writeFileSync(path.join(changed, 'base'), 'changed');
      place.unmount(changed);
      await stores.snapshots.commit(context, 'image', 'container');
      const child = place.mount((await stores.snapshots.prepare(context, 'child', 'image', kept)).mount);
      assert.equal(readFileSync(path.join(child, 'base'), 'utf8'), 'changed');
    });

    it('show views and committed layers', async () => {
      using place = new Workplace();
      await using stores = await open(place);
      for (const [name, parent] of [
        ['base', ''],
        ['top', 'base'],
      ] as const) {
        await layer(stores, name, parent);
        const view = place.mount((await stores.snapshots.view(context, `view-${name}`, name, kept)).mount);
        const committed = place.mount(await stores.snapshots.mounts(context, name));
        for (const seen of [view, committed]) {
          assert.ok(existsSync(path.join(seen, name)));
          assert.throws(() => writeFileSync(path.join(seen, 'new'), ''), { code: 'EROFS' });
        }
      }
    });

    it('of many layers mount', async () => {
      using place = new Workplace();
      await using stores = await open(place);
      const count = snapshotter === 'overlayfs' ? 150 : 5;
      for (let n = 0; n < count; n++) {
        const parent = n === 0 ? '' : `layer-${n - 1}`;
        const { path: folder } = await stores.snapshots.prepare(context, 'unpack', parent, kept);
        writeFileSync(path.join(folder, `file-${n}`), '');
        await stores.snapshots.commit(context, `layer-${n}`, 'unpack', { synced: true });
      }
      const { mount } = await stores.snapshots.prepare(context, 'container', `layer-${count - 1}`, kept);
      assert.equal(readdirSync(place.mount(mount)).length, count);
    });

    it('have the root folder of the layer below', async () => {
      using place = new Workplace();
      await using stores = await open(place);
      const { path: folder } = await stores.snapshots.prepare(context, 'unpack', '', kept);
      chownSync(folder, 1000, 1001);
      chmodSync(folder, 0o1770);
      await stores.snapshots.commit(context, 'base', 'unpack');
      const { mount } = await stores.snapshots.prepare(context, 'container', 'base', kept);
      const { mode, uid, gid } = statSync(place.mount(mount));
      assert.deepEqual([mode & 0o7777, uid, gid], [0o1770, 1000, 1001]);
    });
  });
}
