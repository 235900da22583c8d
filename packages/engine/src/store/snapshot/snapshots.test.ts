import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext, silentLog } from '@berth/model/context';
import { SqliteMetadata } from '../metadata/sqlite-metadata.ts';
import { snapshotSuite } from '../snapshot-suite.ts';
import { checkTrees } from './check-trees.ts';
import { chooseDriver } from './driver.ts';
import { Snapshots } from './snapshots.ts';

const context = backgroundContext();

for (const driver of ['overlayfs', 'native'] as const) {
  describe(`snapshots of ${driver}`, () => {
    snapshotSuite(async () => {
      const place = await openPlace(driver);
      return { store: place.snapshots, context, close: () => place.close() };
    });
  });
}

describe('folders of snapshots', () => {
  let place: Awaited<ReturnType<typeof openPlace>>;
  beforeEach(async () => {
    place = await openPlace('overlayfs');
  });
  afterEach(() => place.close());
  const layer = async (name: string, parent: string): Promise<string> => {
    const { path: folder } = await place.snapshots.prepare(context, 'unpack', parent);
    writeFileSync(path.join(folder, name), name);
    await place.snapshots.commit(context, name, 'unpack');
    return folder;
  };

  it('of 120 layers fit into the options of one mount', async () => {
    let parent = '';
    for (let n = 0; n < 120; n++) {
      await place.snapshots.prepare(context, 'unpack', parent);
      parent = `layer-${n}`;
      await place.snapshots.commit(context, parent, 'unpack', { synced: true });
    }
    const { mount } = await place.snapshots.prepare(context, 'container', parent);
    assert.ok(mount.options.join(',').length < 4095);
  });

  it('without a record are swept when the store opens, and their numbers not used again', async () => {
    await layer('base', '');
    mkdirSync(path.join(place.folder, '7', 'fs'), { recursive: true });
    mkdirSync(path.join(place.folder, 'trash-9', 'fs'), { recursive: true });
    await place.reopen();
    await place.snapshots[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(place.folder), ['1']);
    assert.equal((await place.snapshots.prepare(context, 'next', '')).path, path.join(place.folder, '10', 'fs'));
  });

  it('are not read by another driver', async () => {
    await layer('base', '');
    await assert.rejects(place.reopen('native'), { code: 'other_snapshotter' });
  });

  it('that lost data while the machine went down go, with what stands on them', async () => {
    await layer('whole', '');
    const folder = await layer('damaged', 'whole');
    await layer('above', 'damaged');
    writeFileSync(path.join(folder, 'damaged'), '');
    const { snapshots, metadata } = place;
    assert.deepEqual(await checkTrees({ snapshots, metadata, log: silentLog }), ['damaged', 'above']);
    assert.deepEqual(await keys(), ['whole']);
  });

  it('that lost data stay for the container on them, under another key', async () => {
    const folder = await layer('damaged', '');
    await place.snapshots.prepare(context, 'container', 'damaged');
    rmSync(path.join(folder, 'damaged'));
    const { snapshots, metadata } = place;
    await checkTrees({ snapshots, metadata, log: silentLog });
    await checkTrees({ snapshots, metadata, log: silentLog });
    assert.deepEqual(await keys(), ['container', 'damaged-1']);
    assert.equal((await snapshots.layers(context, 'container')).length, 2);
    await layer('damaged', '');
  });

  it('that never reached the disk are made again for a container', async () => {
    const { path: folder } = await place.snapshots.prepare(context, 'container', '');
    rmSync(path.dirname(folder), { recursive: true });
    await checkTrees({ snapshots: place.snapshots, metadata: place.metadata, log: silentLog });
    assert.ok(existsSync(folder));
  });

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of place.snapshots.list()) found.push(key);
    return found;
  }
});

async function openPlace(driver: 'overlayfs' | 'native') {
  const root = mkdtempSync(path.join(tmpdir(), 'berth-snapshots-'));
  const folder = path.join(root, 'snapshots');
  const metadata = SqliteMetadata.open(path.join(root, 'metadata.db'));
  const open = (name: 'overlayfs' | 'native'): Promise<Snapshots> =>
    Snapshots.open({ root: folder, metadata, driver: chooseDriver(name), sync: async () => undefined, log: silentLog });
  const place = {
    folder,
    metadata,
    snapshots: await open(driver),
    async reopen(name: 'overlayfs' | 'native' = driver): Promise<void> {
      place.snapshots = await open(name);
    },
    async close(): Promise<void> {
      await place.snapshots[Symbol.asyncDispose]();
      await metadata[Symbol.asyncDispose]();
      rmSync(root, { recursive: true });
    },
  };
  return place;
}
