import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { archive, newDockerArchive, oldDockerArchive, ociLayout, writeFiles } from './archives.ts';
import { Engine, whySkipped } from './engine.ts';
import { testImage } from './images.ts';
import { assertNothingLeft, belongings, difference } from './leaks.ts';
import { Terminal } from './tty.ts';

describe('the harness', { skip: whySkipped }, () => {
  let engine: Engine;

  before(async () => {
    engine = await Engine.start();
    await loadArchive('busybox.tar', archive(ociLayout(testImage(), 'busybox:latest')));
  });
  after(async () => await engine[Symbol.asyncDispose]());

  function loadArchive(name: string, bytes: Buffer): Promise<string> {
    const file = path.join(engine.root, '..', name);
    writeFileSync(file, bytes);
    return engine.expect(['load', '-i', file]);
  }

  test('every form of archive is one that the engine loads', async () => {
    const image = testImage({ compression: 'gzip' });
    assert.equal(await loadArchive('old.tar', archive(oldDockerArchive(image, 'box:old'))), 'Loaded image: box:old');
    assert.equal(
      await loadArchive('new.tar', archive(newDockerArchive(image, 'box:new'), 'gzip')),
      'Loaded image: box:new',
    );
    const packed = testImage({ compression: 'zstd' });
    assert.equal(
      await loadArchive('zstd.tar', archive(ociLayout(packed, 'box:zstd'), 'zstd')),
      'Loaded image: box:zstd',
    );
    const folder = writeFiles(ociLayout(image, 'box:folder'), path.join(engine.root, '../layout'));
    assert.equal(await engine.expect(['load', '-i', folder]), 'Loaded image: box:folder');
  });

  test('a container that ran and was removed leaves nothing', async () => {
    const start = belongings(engine);
    const { code, stdout } = await engine.berth(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; exit 3'], {
      input: 'in',
    });
    assert.deepEqual([code, stdout], [3, 'in']);
    await assertNothingLeft(engine, start);
  });

  test('what is left is named', async () => {
    const start = belongings(engine);
    await engine.expect(['run', '-d', '--name', 'left', 'busybox', 'sleep', '1000']);
    const folder = path.join('/sys/fs/cgroup/pids', engine.cgroupParent, 'stray');
    mkdirSync(folder, { recursive: true });
    const left = difference(start, belongings(engine));
    const sorts = new Set(left.map((line) => line.split(':')[0]));
    for (const sort of ['process', 'cgroup', 'file', 'descriptor']) assert.ok(sorts.has(sort), left.join('\n'));
    assert.ok(left.some((line) => line.includes('/stray')));
    assert.ok(left.some((line) => line.includes('sleep 1000')));
    rmdirSync(folder);
    await engine.expect(['rm', '-f', 'left']);
    await assertNothingLeft(engine, start);
  });

  test('a daemon that is killed comes back on the same folders', async () => {
    await engine.kill9();
    await engine.launch();
    assert.match(await engine.expect(['images']), /busybox +latest/);
    await engine.restart();
    assert.match(await engine.expect(['images']), /busybox +latest/);
  });

  test('a container runs in a terminal', async () => {
    const script = 'echo ready; read x; stty size; echo got $x; exit 4';
    const { argv, env } = engine.command(['run', '--rm', '-it', 'busybox', 'sh', '-c', script]);
    await using terminal = new Terminal(argv, { env, rows: 33, columns: 90 });
    await terminal.until('ready');
    terminal.type('this\r');
    await terminal.until(/33 90\s+got this/);
    assert.equal(await terminal.exit, 4);
  });
});
