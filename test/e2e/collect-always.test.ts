import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { archive, newDockerArchive, ociLayout } from '../harness/archives.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { multiPlatform } from './image-workplace.ts';

/** With garbage collected at the end of every write, what any step forgets to hold is gone before the next one. */
describe('an engine that collects after every write', { skip: whySkipped, timeout: 300_000 }, () => {
  let engine: Engine;
  before(async () => {
    engine = await Engine.start({ env: { BERTH_COLLECT_ALWAYS: '1' } });
  });
  after(async () => await engine[Symbol.asyncDispose]());

  const file = (name: string, files: ReadonlyMap<string, Buffer>): string => {
    const where = path.join(engine.root, '..', name);
    writeFileSync(where, archive(files));
    return where;
  };
  const left = (): string[] => readdirSync(path.join(engine.root, 'content/blobs/sha256'));
  const folders = (): string[] =>
    readdirSync(path.join(engine.root, 'snapshots')).filter((name) => !name.startsWith('trash-'));

  test('loads, runs and removes images, and has nothing left then', async () => {
    const extra = [{ path: 'extra', body: 'extra' }];
    const one = testImage({ layers: [busybox(), extra], compression: 'gzip' });
    const two = testImage({ layers: [busybox()], compression: 'zstd' });
    const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };
    await Promise.all([
      engine.expect(['load', '-i', file('one', ociLayout(one, 'one:1'))]),
      engine.expect(['load', '-i', file('same', newDockerArchive(one, 'same:1'))]),
      engine.expect(['load', '-i', file('two', multiPlatform([{ image: two, platform }], 'two:1'))]),
    ]);
    assert.equal(await engine.expect(['run', '--rm', 'one:1', 'cat', '/extra']), 'extra');
    assert.equal(await engine.expect(['run', '--rm', 'two:1', 'echo', 'two']), 'two');
    await engine.expect(['tag', 'one:1', 'again:1']);
    await engine.expect(['rmi', 'one:1']);
    await engine.expect(['run', '--name', 'kept', 'again:1', 'sh', '-c', 'echo kept > /file']);
    await engine.restart();
    await engine.expect(['rmi', '--force', 'same:1']);
    await engine.expect(['rmi', '--force', 'again:1']);
    await engine.expect(['start', 'kept']);
    await engine.expect(['rm', '--force', 'kept']);
    await engine.expect(['rmi', 'two:1']);
    const images = (await engine.expect(['images', '-q'])).split('\n').filter((line) => line !== '');
    for (const id of images) await engine.expect(['rmi', '--force', id]);
    assert.deepEqual([left(), folders()], [[], []]);
  });

  test('imports a root file system', async () => {
    const tar = file('rootfs', new Map([['hello', Buffer.from('hello')]]));
    await engine.expect(['import', tar, 'imported:1']);
    await engine.expect(['rmi', 'imported:1']);
    assert.deepEqual([left(), folders()], [[], []]);
  });
});
