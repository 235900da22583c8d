import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { archive, manifestOf, newDockerArchive, ociLayout, oldDockerArchive, writeFiles } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { blob, busybox, digestOf, jsonBlob, type TestImage, testImage } from '../harness/images.ts';
import { tar } from '../harness/tar.ts';
import { blobPath, type Files, ImageWorkplace, ociManifest, storeListing } from './image-workplace.ts';

describe('bad input to load', { skip: whySkipped, timeout: 400_000 }, () => {
  let place: ImageWorkplace;
  let before_: readonly string[];
  const image = testImage({ layers: [busybox(), [{ path: 'mark', body: 'x' }]], compression: 'gzip' });
  const [, top] = image.layers;

  before(async () => {
    place = await ImageWorkplace.open();
    // Something that must stay whole; it shares the first layer with what fails.
    await place.load(ociLayout(testImage({ compression: 'gzip' }), 'good:1'));
    before_ = storeListing(place);
  });
  after(async () => {
    assert.equal(await place.shell('good:1', 'echo still good'), 'still good');
    await place[Symbol.asyncDispose]();
  });

  /** Loads what is bad: one line tells, and nothing changed. */
  async function refuse(what: Files | Uint8Array, pattern: RegExp): Promise<void> {
    await refuseFile(place.write(what instanceof Uint8Array ? what : archive(what)), pattern);
  }

  /** By path, and from standard input. */
  async function refuseBoth(bytes: Uint8Array, pattern: RegExp): Promise<void> {
    await refuse(bytes, pattern);
    const { code, stdout, stderr } = await place.engine.berth(['load', '-q'], { input: bytes });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, pattern);
    assert.ok(!stderr.includes('upload-'), stderr);
    assert.deepEqual(storeListing(place), before_);
  }

  async function refuseFile(file: string, pattern: RegExp): Promise<void> {
    const { code, stdout, stderr } = await place.engine.berth(['load', '-q', '-i', file]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, pattern);
    assert.match(stderr, /^berth: [^\n]+\n(?:hint: [^\n]+\n)?$/);
    assert.deepEqual(storeListing(place), before_);
    assert.deepEqual(await place.names(), ['good:1']);
  }

  /** The layout with one of its blobs replaced under its old name. */
  const withBlob = (digest: string, change: (bytes: Buffer) => Buffer): Files => {
    const files = new Map(ociLayout(image, 'bad:1'));
    files.set(blobPath(digest), change(Buffer.from(files.get(blobPath(digest))!)));
    return files;
  };
  const flipped = (bytes: Buffer): Buffer => {
    const at = Math.floor(bytes.length / 2);
    bytes[at] = bytes[at]! ^ 1;
    return bytes;
  };
  /** An image whose manifest was changed, with right digests. */
  const withManifest = (change: (manifest: Record<string, unknown>) => unknown, from: TestImage = image): Files => {
    const own = manifestOf(from);
    const files = new Map(ociLayout(from, 'bad:1'));
    files.delete(blobPath(own.digest));
    const changed = jsonBlob(change(JSON.parse(own.bytes.toString()) as Record<string, unknown>));
    files.set(blobPath(changed.digest), changed.bytes);
    const target = { mediaType: ociManifest, digest: changed.digest, size: changed.bytes.length };
    files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [target] })));
    return files;
  };
  const withJson = (name: string, text: string): Files =>
    new Map([...ociLayout(image, 'bad:1'), [name, Buffer.from(text)]]);

  test('an archive that is cut off, anywhere', async () => {
    const whole = archive(ociLayout(image, 'bad:1'));
    for (const part of [0.01, 0.1, 0.3, 0.6, 0.9]) {
      const cut = whole.subarray(0, Math.floor((whole.length * part) / 512) * 512 + 100);
      await refuseBoth(cut, /file-\d+.*ends|standard input.*ends|lacks|no images/);
    }
    const packed = archive(ociLayout(image, 'bad:1'), 'gzip');
    for (const part of [0.2, 0.95]) await refuseBoth(packed.subarray(0, Math.floor(packed.length * part)), /cut off/);
    const zstd = archive(ociLayout(image, 'bad:1'), 'zstd');
    await refuseBoth(zstd.subarray(0, Math.floor(zstd.length / 2)), /file-\d+|standard input/);
    const docker = archive(oldDockerArchive(image, 'bad:1'));
    await refuseBoth(docker.subarray(0, Math.floor(docker.length / 2)), /ends|lacks|no images/);
  });

  test('what is no archive', async () => {
    await refuseBoth(Buffer.alloc(0), /file-\d+|standard input/);
    await refuseBoth(Buffer.from('hello, this is text\n'), /file-\d+|standard input/);
    await refuseBoth(Buffer.alloc(100_000, 7), /file-\d+|standard input/);
    await refuseBoth(gzipSync('not a tar'), /file-\d+|standard input/);
    await refuseBoth(zstdCompressSync(Buffer.from('not a tar')), /file-\d+|standard input/);
    await refuseBoth(tar([{ path: 'etc/passwd', body: 'root' }]), /no images.*index\.json/);
    await refuseBoth(Buffer.concat([Buffer.from('BZh9'), Buffer.alloc(600)]), /bzip2/);
  });

  test('a file or folder that is not there, or no layout', async () => {
    await refuseFile('/tmp/absent.tar', /\/tmp\/absent\.tar/);
    const empty = place.file();
    mkdirSync(empty);
    await refuseFile(empty, new RegExp(empty));
    const broken = writeFiles(withJson('index.json', '{'), place.file());
    await refuseFile(broken, /index\.json/);
    await refuseFile('/dev/null', /standard input|\/dev\/null/);
  });

  test('a byte of a blob that was changed is told with the digest that it should have', async () => {
    for (const { digest } of [manifestOf(image), image.config, top!]) {
      await refuse(withBlob(digest, flipped), new RegExp(digest));
    }
    const docker = new Map(newDockerArchive(image, 'bad:1'));
    docker.set(blobPath(top!.digest), flipped(Buffer.from(top!.bytes)));
    await refuse(docker, new RegExp(top!.digest));
  });

  test("a changed layer of docker's old layout is told by the digest in the config", async () => {
    const files = new Map(oldDockerArchive(image, 'bad:1'));
    const layer = [...files.keys()].findLast((name) => name.endsWith('layer.tar'))!;
    files.set(layer, flipped(Buffer.from(files.get(layer)!)));
    await refuse(files, new RegExp(top!.diffId));
  });

  test('a blob of another size, or none', async () => {
    for (const { digest } of [manifestOf(image), image.config, top!]) {
      await refuse(
        withBlob(digest, (bytes) => Buffer.concat([bytes, Buffer.from('more')])),
        new RegExp(digest),
      );
      const files = new Map(ociLayout(image, 'bad:1'));
      files.delete(blobPath(digest));
      await refuse(files, new RegExp(`lacks.*${digest}`));
    }
    await refuse(
      withManifest((manifest) => ({ ...manifest, config: { ...(manifest['config'] as object), size: 3 } })),
      new RegExp(image.config.digest),
    );
  });

  test('a diff id that the layer has not', async () => {
    const lie = jsonBlob({
      ...(JSON.parse(image.config.bytes.toString()) as object),
      rootfs: { type: 'layers', diff_ids: image.layers.map(() => digestOf(Buffer.from('lie'))) },
    });
    // Layers are unpacked side by side: whichever is first is told.
    const layers = image.layers.map(({ digest }) => digest).join('|');
    await refuse(
      ociLayout({ ...image, config: lie }, 'bad:1'),
      new RegExp(`(${layers}).*${digestOf(Buffer.from('lie'))}`),
    );
    const few = jsonBlob({
      ...(JSON.parse(image.config.bytes.toString()) as object),
      rootfs: { type: 'layers', diff_ids: [image.layers[0]!.diffId] },
    });
    await refuse(ociLayout({ ...image, config: few }, 'bad:1'), new RegExp(`${few.digest}.* 1 .* 2`));
  });

  test('media types that nobody knows', async () => {
    const typed = (mediaType: string): TestImage => ({
      ...image,
      layers: image.layers.map((layer) => ({ ...layer, mediaType })),
    });
    await refuse(ociLayout(typed('application/x-unknown'), 'bad:1'), /application\/x-unknown/);
    const index = JSON.parse(ociLayout(image, 'bad:1').get('index.json')!.toString()) as { manifests: object[] };
    const manifests = index.manifests.map((one) => ({ ...one, mediaType: 'application/x-strange' }));
    await refuse(withJson('index.json', JSON.stringify({ schemaVersion: 2, manifests })), /application\/x-strange/);
    await refuse(
      ociLayout(typed('application/vnd.oci.image.layer.v1.tar+zstd'), 'bad:1'),
      new RegExp(`${top!.digest}.*zstd`),
    );
  });

  test('JSON of wrong types is told with the path of the field', async () => {
    await refuse(withJson('index.json', '[]'), /index\.json/);
    await refuse(
      withJson('index.json', '{"schemaVersion":2,"manifests":{}}'),
      /index\.json.*manifests|manifests.*index\.json/,
    );
    await refuse(
      withJson('index.json', '{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"md5:1","size":1}]}'),
      /digest/,
    );
    await refuse(withJson('index.json', '{"schemaVersion":2,"manifests":[]}'), /file-\d+|standard input|no image/);
    await refuse(
      withJson('oci-layout', '{"imageLayoutVersion":2}'),
      /oci-layout.*imageLayoutVersion|imageLayoutVersion/,
    );
    await refuse(
      withManifest((manifest) => ({ ...manifest, layers: 'none' })),
      /layers/,
    );
    await refuse(
      withManifest((manifest) => ({ ...manifest, config: [] })),
      /config/,
    );
    for (const change of [
      { rootfs: 7 },
      { rootfs: { type: 'layers', diff_ids: [1] } },
      { config: { Cmd: 'sh' } },
      { config: { Env: [1] } },
      { architecture: 1 },
    ]) {
      const config = jsonBlob({ ...(JSON.parse(image.config.bytes.toString()) as object), ...change });
      await refuse(ociLayout({ ...image, config }, 'bad:1'), new RegExp(Object.keys(change)[0]!));
    }
    const docker = new Map(oldDockerArchive(image, 'bad:1'));
    await refuse(new Map([...docker, ['manifest.json', Buffer.from('{}')]]), /manifest\.json/);
    await refuse(new Map([...docker, ['manifest.json', Buffer.from('[{"Config":1}]')]]), /manifest\.json.*Config/);
    await refuse(
      new Map([...docker, ['manifest.json', Buffer.from('[{"Config":"absent.json","Layers":[]}]')]]),
      /absent\.json/,
    );
  });

  test('a layer that is no tar, or is cut off within', async () => {
    const layered = (bytes: Buffer): TestImage => {
      const layer = {
        ...blob(bytes),
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        diffId: digestOf(bytes),
        tar: bytes,
      };
      const config = jsonBlob({
        ...(JSON.parse(image.config.bytes.toString()) as object),
        rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      });
      return { config, layers: [layer] };
    };
    const bytes = Buffer.from('no tar at all'.repeat(100));
    await refuse(ociLayout(layered(bytes), 'bad:1'), new RegExp(digestOf(bytes)));
    const cut = tar(busybox()).subarray(0, 100_000);
    await refuse(ociLayout(layered(cut), 'bad:1'), new RegExp(digestOf(cut)));
  });

  test('a bad import leaves nothing', async () => {
    const whole = tar(busybox());
    for (const bytes of [whole.subarray(0, 50_000), Buffer.from('no tar'), gzipSync(whole).subarray(0, 9000)]) {
      const { code, stderr } = await place.engine.berth(['import', place.write(bytes), 'bad:1']);
      assert.equal(code, 1);
      assert.match(stderr, /berth: .*file-\d+/);
      assert.deepEqual(storeListing(place), before_);
    }
  });
});
