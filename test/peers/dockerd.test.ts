import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { chainIds } from '@berth/image/layer/chain-id';
import { openDockerSource } from '@berth/image/medium/docker/source';
import { openDockerTarget } from '@berth/image/medium/docker/target';
import type { ImageSource, ImageTarget } from '@berth/image/medium/medium';
import { type Log, silentLog } from '@berth/model/context';
import { type Digest, digestHex } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { archive, oldDockerArchive } from '../harness/archives.ts';
import { debianTar } from '../harness/debian.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';
import { busybox, digestOf, jsonBlob, testImage, type TestImage } from '../harness/images.ts';
import type { Member } from '../harness/tar.ts';

const { signal } = new AbortController();
const code = (expected: string) => (error: unknown) => error instanceof BerthError && error.code === expected;

const extra: Member[] = [
  { path: 'a', body: 'hello' },
  { path: 'b', hardlink: 'a' },
  { path: 'c', symlink: 'a' },
  { path: 'tmp/é/ü', body: 'x', pax: { 'SCHILY.xattr.user.berth': 'y' } },
  { path: 'large', body: Buffer.alloc(3_000_001, 'q') },
  { path: 'empty', body: '' },
  { path: 'bin/.wh.yes', body: '' },
];

/** Base, and one layer of its own. */
function layered(...own: Member[]): TestImage {
  return testImage({ layers: [busybox(), own] });
}

function copy(source: ImageSource, target: ImageTarget, additionalNames: readonly string[] = []) {
  return copyImages(source, target, { signal, platforms: 'host', retries: 0, additionalNames });
}

describe('a live dockerd with a graph store', { skip: whyNoDockerd }, () => {
  let one: Dockerd;
  let two: Dockerd;
  let scratch: string;
  const notes: string[] = [];
  const log: Log = { ...silentLog, debug: (message, fields) => notes.push(`${message} ${JSON.stringify(fields)}`) };

  before(async () => {
    scratch = mkdtempSync('/tmp/bdk-scratch-');
    [one, two] = await Promise.all([Dockerd.start(), Dockerd.start()]);
    await one.load(archive(oldDockerArchive(layered(...extra), 'first:1')));
  });

  after(async () => {
    await Promise.all([one, two].map((dockerd) => dockerd?.[Symbol.asyncDispose]()));
    rmSync(scratch, { recursive: true });
  });

  const from = (name: string) => openDockerSource({ host: one.host, scratch, log }, name);
  const to = (name: string) => openDockerTarget({ host: two.host }, name);
  const idOf = async (dockerd: Dockerd, name: string) =>
    (await dockerd.expect(['image', 'inspect', '--format', '{{.Id}}', name])).trim();

  it('gives an image to another one, which runs it', async () => {
    notes.length = 0;
    await using source = await from('first:1');
    await using target = await to('copied:1');
    const { sent, present } = await copy(source, target, ['docker.io/library/copied:2', 'example.com:5000/x/y:z']);
    assert.ok(sent > 3_000_000 && present === 0);
    assert.equal(await idOf(two, 'copied:1'), await idOf(one, 'first:1'));
    for (const name of ['copied:2', 'example.com:5000/x/y:z'])
      assert.equal(await idOf(two, name), await idOf(one, 'first:1'));
    const script = 'cat /b /tmp/é/ü; readlink /c; ls /bin/yes; stat -c %h /a; wc -c < /large';
    const { stdout } = await two.docker(['run', '--rm', '--network', 'none', 'copied:1', 'sh', '-c', script]);
    assert.equal(stdout, 'helloxa\n2\n3000001\n');
    assert.deepEqual(notes, [], 'the layers were read from its folder');
    assert.deepEqual(readdirSync(scratch), []);
  });

  it('is sent nothing that it has, only the name', async () => {
    await using source = await from('first:1');
    await using target = await to('copied:again');
    assert.equal((await copy(source, target)).sent, 0);
    assert.equal(await idOf(two, 'copied:again'), await idOf(one, 'first:1'));
  });

  it('is sent the one layer that is new', async () => {
    const image = layered({ path: 'new', body: 'layer' });
    await one.load(archive(oldDockerArchive(image, 'new:1')));
    await using source = await from('new:1');
    await using target = await to('new:1');
    const { sent, present } = await copy(source, target);
    assert.deepEqual([sent, present], [image.layers[1]!.tar.length, image.layers[0]!.tar.length]);
    assert.equal(await idOf(two, 'new:1'), image.config.digest);
  });

  it('is not taken to have a layer that it has on top of others only', async () => {
    const image = testImage({ layers: [extra, busybox(), extra] });
    await one.load(archive(oldDockerArchive(image, 'turned:1')));
    await using source = await from('turned:1');
    await using target = await to('turned:1');
    await copy(source, target);
    assert.equal(await idOf(two, 'turned:1'), image.config.digest);
  });

  it('is sent a layer that comes once more above where it is', async () => {
    const image = testImage({ layers: [busybox(), extra, busybox()] });
    await one.load(archive(oldDockerArchive(image, 'twice:1')));
    await using source = await from('twice:1');
    await using target = await to('twice:1');
    await copy(source, target);
    assert.equal(await idOf(two, 'twice:1'), image.config.digest);
  });

  it('is sent all once more when a layer went while it was asked', async () => {
    const image = layered({ path: 'gone', body: 'soon' });
    for (const dockerd of [one, two]) await dockerd.load(archive(oldDockerArchive(image, 'gone:1')));
    await using source = await from('gone:1');
    await using target = await to('gone:back');
    const hasty = but(target, {
      async publish(published, aborted) {
        await two.docker(['rmi', 'gone:1']);
        await target.publish(published, aborted);
      },
    });
    await copy(source, hasty);
    assert.equal(await idOf(two, 'gone:back'), image.config.digest);
  });

  it('gives the same documents and bytes from its folder and through its API', async () => {
    // A folder that we do not know: as if the daemon were elsewhere.
    const layerdb = path.join(
      one.root,
      'image/overlay2/layerdb/sha256',
      digestHex(layered().layers[0]!.diffId as Digest),
    );
    if (!existsSync(layerdb)) return;
    await using direct = await from('first:1');
    const { target } = (await direct.images(signal))[0]!;
    const diff = readFileSync(path.join(layerdb, 'diff'));
    rmSync(path.join(layerdb, 'diff'));
    try {
      notes.length = 0;
      await using exported = await from('first:1');
      assert.deepEqual(await exported.images(signal), await direct.images(signal));
      assert.match(notes.join(), /read through the API/);
      const bytes = await direct.document(target, signal);
      assert.deepEqual(await exported.document(target, signal), bytes);
      const { layers } = JSON.parse(Buffer.from(bytes).toString()) as {
        layers: { mediaType: string; digest: Digest; size: number }[];
      };
      for (const layer of layers) {
        const [a, b] = await Promise.all(
          [direct, exported].map((source) => Array.fromAsync(source.blob(layer).read(signal, 100))),
        );
        assert.ok(Buffer.concat(a!).equals(Buffer.concat(b!)), layer.digest);
      }
    } finally {
      writeFileSync(path.join(layerdb, 'diff'), diff);
    }
    assert.deepEqual(readdirSync(scratch), [], 'what was exported is removed');
  });

  it('is read on through its API where a layer turns out not to be in its folder', async () => {
    const image = layered(...extra);
    const chain = chainIds(image.layers.map(({ diffId }) => diffId as Digest))[1]!;
    const cacheId = path.join(one.root, 'image/overlay2/layerdb/sha256', digestHex(chain), 'cache-id');
    if (!existsSync(cacheId)) return;
    const kept = readFileSync(cacheId);
    try {
      writeFileSync(cacheId, 'nowhere');
      notes.length = 0;
      await using source = await from('first:1');
      const layer = describeBlob(image.layers[1]!.tar);
      const read = Buffer.concat(await Array.fromAsync(source.blob(layer).read(signal, 7)));
      assert.ok(read.equals(image.layers[1]!.tar.subarray(7)));
      assert.match(notes.join(), /a layer is read through the API/);
    } finally {
      writeFileSync(cacheId, kept);
    }
  });

  it('keeps nothing of an image with wrong bytes', async () => {
    const image = layered({ path: 'wrong', body: 'bytes' });
    await one.load(archive(oldDockerArchive(image, 'wrong:1')));
    await using source = await from('wrong:1');
    await using target = await to('wrong:1');
    const wrong = but(source, {
      blob: (descriptor) => ({
        async *read() {
          yield Buffer.alloc(descriptor.size, 'w');
        },
      }),
    });
    await assert.rejects(copy(wrong, target), code('digest_mismatch'));
    const short = but(source, { blob: () => ({ async *read() {} }) });
    await assert.rejects(copy(short, target), code('size_mismatch'));
    assert.notEqual((await two.docker(['inspect', 'wrong:1'])).code, 0);
  });

  it('takes a layer up where its source broke', async () => {
    const image = layered({ path: 'broken', body: Buffer.alloc(2_000_000, 'b') });
    await one.load(archive(oldDockerArchive(image, 'broken:1')));
    await using source = await from('broken:1');
    await using target = await to('broken:1');
    const starts: number[] = [];
    const weak = but(source, {
      blob: (descriptor) => ({
        async *read(aborted, offset = 0) {
          starts.push(offset);
          for await (const piece of source.blob(descriptor).read(aborted, offset)) {
            yield piece;
            if (starts.length === 1) throw new Error('the line is dead');
          }
        },
      }),
    });
    const hints = { signal };
    const layer = describeBlob(image.layers[1]!.tar);
    await assert.rejects(target.putBlob(layer, weak.blob(layer), hints), /the line is dead/);
    await target.putBlob(layer, weak.blob(layer), hints);
    assert.ok(starts[1]! > 0, 'not from the beginning');
    await copy(weak, target);
    assert.equal(await idOf(two, 'broken:1'), image.config.digest);
  });

  it('is asked by the beginning of an id, and then all names come along', async () => {
    const id = await idOf(one, 'first:1');
    await using source = await from(id.slice(7, 19));
    assert.deepEqual((await source.images(signal))[0]!.names, ['docker.io/library/first:1']);
  });

  it('says what it does not have, and where no daemon is', async () => {
    await assert.rejects(from('no/such:image'), code('no_such_image'));
    const nowhere = { host: `unix://${scratch}/no.sock` };
    await assert.rejects(openDockerSource(nowhere, 'x'), code('no_dockerd'));
    await assert.rejects(openDockerTarget(nowhere, 'x'), code('no_dockerd'));
    for (const name of ['sha256:0123', `x@sha256:${'0'.repeat(64)}`])
      await assert.rejects(to(name), code('bad_reference'));
  });

  it('refuses what is no image, with what it said', async () => {
    const config = jsonBlob({ architecture: 'amd64', os: 'windows', rootfs: { type: 'layers', diff_ids: [] } });
    const manifest = jsonBlob({
      schemaVersion: 2,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: config.digest,
        size: config.bytes.length,
      },
      layers: [],
    });
    await using target = await to('windows:1');
    for (const { bytes } of [config, manifest]) await target.putDocument(describeBlob(bytes), bytes, signal);
    const published = { target: describeBlob(manifest.bytes), names: [], manifests: [describeBlob(manifest.bytes)] };
    await assert.rejects(target.publish(published, signal), code('docker_load'));
  });

  it("moves a whole Debian, of which every byte is docker's own", async (context) => {
    const debian = debianTar();
    if ('obstacle' in debian) return context.skip(debian.obstacle);
    const tar = readFileSync(debian.tar);
    const diffId = digestOf(tar);
    const config = {
      ...JSON.parse(testImage().config.bytes.toString()),
      rootfs: { type: 'layers', diff_ids: [diffId] },
    };
    const layer = { bytes: tar, digest: diffId, diffId, tar, mediaType: '' };
    await one.load(archive(oldDockerArchive({ config: jsonBlob(config), layers: [layer] }, 'debian:1')));
    notes.length = 0;
    await using source = await from('debian:1');
    await using target = await to('debian:1');
    const began = performance.now();
    assert.equal((await copy(source, target)).sent, tar.length);
    context.diagnostic(`copied ${tar.length} bytes in ${Math.round(performance.now() - began)} ms`);
    assert.equal(await idOf(two, 'debian:1'), await idOf(one, 'debian:1'));
    assert.deepEqual(notes, []);
  });
});

describe('a dockerd without overlay', { skip: whyNoDockerd }, () => {
  it('is read from its folder as well', async () => {
    await using dockerd = await Dockerd.start({ driver: 'vfs' });
    const image = layered(...extra);
    await dockerd.load(archive(oldDockerArchive(image, 'first:1')));
    const notes: string[] = [];
    const log: Log = { ...silentLog, debug: (message) => notes.push(message) };
    await using source = await openDockerSource({ host: dockerd.host, log }, 'first:1');
    await using target = await openDockerTarget({ host: dockerd.host }, 'second:1');
    assert.equal((await copy(source, target)).sent, 0);
    for (const { tar } of image.layers) {
      assert.ok(Buffer.concat(await Array.fromAsync(source.blob(describeBlob(tar)).read(signal))).equals(tar));
    }
    assert.deepEqual(notes, []);
  });
});

function describeBlob(bytes: Uint8Array): Descriptor {
  return { mediaType: 'application/octet-stream', digest: digestOf(bytes) as Digest, size: bytes.length };
}

/** The object with some of its members replaced. */
function but<T extends object>(object: T, others: Partial<T>): T {
  return new Proxy(object, {
    get(_, key) {
      if (Object.hasOwn(others, key)) return Reflect.get(others, key) as unknown;
      const value = Reflect.get(object, key) as unknown;
      return typeof value === 'function' ? (value.bind(object) as unknown) : value;
    },
  });
}
