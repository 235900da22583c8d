import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archive, manifestOf, newDockerArchive, ociLayout, oldDockerArchive, writeFiles } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { type Belongings, assertNothingLeft, belongings } from '../harness/leaks.ts';
import { type Member, tar } from '../harness/tar.ts';
import { blobPath, ImageWorkplace, multiPlatform, withConfig } from './image-workplace.ts';

const host = process.arch === 'arm64' ? 'arm64' : 'amd64';
const other = host === 'arm64' ? 'amd64' : 'arm64';

describe('berth load', { skip: whySkipped, timeout: 400_000 }, () => {
  let place: ImageWorkplace;
  let start: Belongings;

  before(async () => {
    place = await ImageWorkplace.open();
    start = belongings(place.engine);
  });
  after(async () => await place[Symbol.asyncDispose]());

  /** Removes every image and looks that nothing is left of any. */
  async function removeAll(): Promise<void> {
    const ids = await place.engine.expect(['images', '-a', '-q', '--no-trunc']);
    const unique = [...new Set(ids.split('\n').filter((id) => id !== ''))];
    if (unique.length > 0) await place.engine.expect(['rmi', '-f', ...unique]);
    await assertNothingLeft(place.engine, start);
  }

  const marked = (text: string) => [busybox(), [{ path: 'mark', body: text }]] as const;

  for (const outer of ['none', 'gzip', 'zstd'] as const) {
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      test(`an OCI layout with ${compression} layers, packed with ${outer}, runs`, async () => {
        const image = testImage({ compression, layers: marked(`${outer}/${compression}`) });
        const out = await place.load(archive(ociLayout(image, 'oci:one'), outer));
        assert.equal(out, 'Loaded image: oci:one');
        assert.equal(await place.shell('oci:one', 'cat /mark'), `${outer}/${compression}`);
        await removeAll();
      });
    }
  }

  test('an OCI layout folder runs', async () => {
    const folder = writeFiles(ociLayout(testImage({ layers: marked('folder') }), 'oci:folder'), place.file());
    assert.equal(await place.engine.expect(['load', '-i', folder]), 'Loaded image: oci:folder');
    assert.equal(await place.shell('oci:folder', 'cat /mark'), 'folder');
    await removeAll();
  });

  test('what docker saves runs, in its old and its new layout, with every outer compression', async () => {
    for (const outer of ['none', 'gzip', 'zstd'] as const) {
      const image = testImage({ layers: marked(outer) });
      assert.equal(await place.load(archive(oldDockerArchive(image, 'dock:old'), outer)), 'Loaded image: dock:old');
      assert.equal(await place.shell('dock:old', 'cat /mark'), outer);
      const packed = testImage({ layers: marked(outer), compression: 'gzip' });
      assert.equal(await place.load(archive(newDockerArchive(packed, 'dock:new'), outer)), 'Loaded image: dock:new');
      assert.equal(await place.shell('dock:new', 'cat /mark'), outer);
      assert.deepEqual((await place.inspect('dock:new')).RootFS, (await place.inspect('dock:old')).RootFS);
    }
    await removeAll();
  });

  test("a docker archive may have links to another layer's layer.tar", async () => {
    const image = testImage({ layers: [...marked('linked'), [{ path: 'mark2', body: 'x' }]] });
    const files = new Map(oldDockerArchive(image, 'dock:links'));
    const [first] = [...files.keys()].filter((name) => name.endsWith('layer.tar'));
    const bytes = files.get(first!)!;
    files.delete(first!);
    const members: Member[] = [
      { path: 'shared/layer.tar', body: bytes },
      { path: first!, symlink: '../shared/layer.tar' },
      ...[...files].map(([path, body]) => ({ path, body })),
    ];
    assert.equal(await place.load(tar(members)), 'Loaded image: dock:links');
    assert.equal(await place.shell('dock:links', 'cat /mark /mark2'), 'linkedx');
    await removeAll();
  });

  test('an archive is read from standard input', async () => {
    for (const outer of ['none', 'gzip', 'zstd'] as const) {
      const bytes = archive(ociLayout(testImage(), 'in:put'), outer);
      assert.equal(await place.engine.expect(['load'], { input: bytes }), 'Loaded image: in:put');
      assert.equal(await place.engine.expect(['load', '-q', '-i', '-'], { input: bytes }), 'Loaded image: in:put');
    }
    await removeAll();
  });

  test('of several platforms the one of this machine is run, and the others are kept', async () => {
    const mine = testImage({ layers: marked('mine') });
    const foreign = withConfig(testImage({ layers: marked('foreign') }), { architecture: other });
    const files = multiPlatform(
      [
        { image: foreign, platform: { os: 'linux', architecture: other } },
        { image: mine, platform: { os: 'linux', architecture: host } },
      ],
      'many:platforms',
    );
    assert.equal(await place.load(files), 'Loaded image: many:platforms');
    assert.equal(await place.shell('many:platforms', 'cat /mark'), 'mine');
    const { Platforms, Architecture } = await place.inspect('many:platforms');
    assert.deepEqual([[...Platforms].toSorted(), Architecture], [['linux/amd64', 'linux/arm64'], host]);
    assert.equal(place.blobs().length, files.size - 2);
    assert.equal(place.snapshots().length, 2);
    await removeAll();
  });

  test('an archive of one platform may name the others', async () => {
    const foreign = withConfig(testImage({ layers: marked('foreign') }), { architecture: other });
    const children = [
      { image: foreign, platform: { os: 'linux', architecture: other }, absent: true },
      { image: testImage(), platform: { os: 'linux', architecture: host } },
    ];
    await place.load(multiPlatform(children, 'part:one'));
    assert.equal(await place.shell('part:one', 'echo ran'), 'ran');
    assert.deepEqual((await place.inspect('part:one')).Platforms, [`linux/${host}`]);
    await removeAll();
  });

  test('an image for other machines is kept and listed, and a run of it names the platform', async () => {
    const foreign = withConfig(testImage(), { architecture: other });
    await place.load(multiPlatform([{ image: foreign, platform: { os: 'linux', architecture: other } }], 'not:mine'));
    assert.deepEqual(await place.names(), ['not:mine']);
    assert.equal((await place.inspect('not:mine')).Architecture, other);
    const { code, stderr } = await place.engine.berth(['run', '--rm', 'not:mine']);
    assert.equal(code, 125);
    assert.match(stderr, new RegExp(`^berth: .*not:mine.*linux/${host}`));
    await removeAll();
  });

  test('several images of one archive are all named, and their shared layers are kept once', async () => {
    const base = busybox();
    const images = ['one', 'two'].map((text) => testImage({ layers: [base, [{ path: 'mark', body: text }]] }));
    const files = new Map(images.flatMap((image) => [...ociLayout(image)]));
    const manifests = images.map((image, n) => {
      const { bytes, digest } = manifestOf(image);
      const annotations = { 'io.containerd.image.name': `docker.io/library/several:${n}` };
      return { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: bytes.length, annotations };
    });
    files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    assert.equal(await place.load(files), 'Loaded image: several:0\nLoaded image: several:1');
    assert.equal(await place.shell('several:0', 'cat /mark'), 'one');
    assert.equal(await place.shell('several:1', 'cat /mark'), 'two');
    // A manifest, a config and a top layer each, and the shared layer.
    assert.equal(place.blobs().length, 7);
    assert.equal(place.snapshots().length, 3);
    await place.engine.expect(['rmi', 'several:0']);
    assert.equal(await place.shell('several:1', 'cat /mark'), 'two');
    assert.equal(place.snapshots().length, 2);
    await removeAll();
  });

  test('an image without a name is loaded by its id', async () => {
    const image = testImage();
    const { digest } = manifestOf(image);
    assert.equal(await place.load(ociLayout(image)), `Loaded image ID: ${digest}`);
    assert.deepEqual(await place.names(), ['<none>:<none>']);
    assert.equal(await place.shell(digest, 'echo by digest'), 'by digest');
    assert.equal(await place.shell(digest.slice(7, 19), 'echo by short id'), 'by short id');
    assert.equal(await place.shell(image.config.digest, 'echo by config'), 'by config');
    await removeAll();
  });

  test('an image that is there already is not unpacked again', async () => {
    const big = Array.from({ length: 2000 }, (_, n): Member => ({ path: `many/${n}`, body: `${n}`.repeat(500) }));
    const bytes = gzipSync(archive(ociLayout(testImage({ layers: [busybox(), big] }), 'same:1')), { level: 1 });
    const took = async (): Promise<number> => {
      const began = performance.now();
      await place.load(bytes);
      return performance.now() - began;
    };
    await took();
    const folders = place.snapshots();
    const again = place.engine.expect(['load', '-i', place.write(bytes)]);
    await Promise.all([again, took()]);
    assert.deepEqual(place.snapshots(), folders);
    assert.equal(await place.shell('same:1', 'ls /many | wc -l'), '2000');
    await removeAll();
  });

  test('two loads of the same image at once give one image', async () => {
    const bytes = archive(ociLayout(testImage({ layers: marked('at once') }), 'twice:1'));
    const files = [place.write(bytes), place.write(bytes), place.write(bytes)];
    await Promise.all(files.map((file) => place.engine.expect(['load', '-i', file])));
    assert.equal(await place.shell('twice:1', 'cat /mark'), 'at once');
    assert.equal(place.snapshots().length, 2);
    await removeAll();
  });

  test('the bytes of manifests and configs stay as they were', async () => {
    const image = testImage();
    const spaced = Buffer.from(JSON.stringify(JSON.parse(image.config.bytes.toString()), null, 3));
    await place.engine.expect(['load'], {
      input: archive(oldDockerArchive({ ...image, config: { ...image.config, bytes: spaced } }, 'bytes:1')),
    });
    const { ConfigDigest } = await place.inspect('bytes:1');
    const kept = createReadStream(`${place.engine.root}/content/${blobPath(ConfigDigest)}`);
    assert.deepEqual(Buffer.concat(await kept.toArray()), spaced);
    await removeAll();
  });
});
