import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CopyOptions } from '@berth/image/copy/contract';
import { copyImages } from '@berth/image/copy/copy';
import { Channel } from '@berth/image/grpc/channel';
import { openContainerdSource } from '@berth/image/medium/containerd/source';
import { type ContainerdTargetOptions, openContainerdTarget } from '@berth/image/medium/containerd/target';
import type { ImageSource } from '@berth/image/medium/medium';
import { MemoryMedium } from '@berth/image/medium/memory-medium';
import { openOciSource } from '@berth/image/medium/oci/source';
import { openOciTarget } from '@berth/image/medium/oci/target';
import { suiteImage, suiteIndex, suiteSource } from '@berth/image/medium/suite-images';
import { sha256 } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import { type Descriptor, parseManifest } from '@berth/model/manifest';
import { parseImageConfig } from '@berth/model/image-config';
import { mediaTypes } from '@berth/model/media-type';
import { ImageService } from '@berth/wire/gen/cri/v1/api_pb';
import type { Containerd } from '../bench/peer/containerd.ts';
import { manifestOf, ociLayout, writeFiles } from '../harness/archives.ts';
import { BrokenLink } from '../harness/broken-link.ts';
import { busybox, testImage } from '../harness/images.ts';
import { eventPatience } from '../harness/patience.ts';
import { bigImage, layoutFiles, wrongDiffId } from './containerd-images.ts';
import { snapshotterOf, startContainerd, whyNoContainerd } from './live-containerd.ts';
import { copySlowly } from './slow-copy.ts';

const { signal } = new AbortController();

describe('copies from and to a live containerd', { skip: whyNoContainerd }, () => {
  let containerd: Containerd;
  let folder: string;
  let snapshotter: string;

  before(async () => {
    folder = mkdtempSync('/tmp/bcc-');
    containerd = await startContainerd(undefined, { cri: true });
    snapshotter = await snapshotterOf(containerd);
  });

  after(async () => {
    await containerd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const ctr = (namespace: string, ...args: string[]) => containerd.expect(['--namespace', namespace, ...args]);
  const from = (namespace: string, name = 'box') =>
    openContainerdSource({ address: containerd.socket }, { namespace, name });

  async function put(
    source: ImageSource,
    namespace: string,
    options: Partial<CopyOptions & ContainerdTargetOptions> & { readonly name?: string } = {},
  ) {
    const { name = 'box', unpack } = options;
    const access = { address: containerd.socket, ...(unpack === undefined ? {} : { unpack }) };
    await using target = await openContainerdTarget(access, { namespace, name });
    return await copyImages(source, target, { signal, platforms: 'host', retries: 0, ...options });
  }

  /** What must be there only while a copy goes on. */
  async function assertNoLease(namespace: string): Promise<void> {
    assert.equal(await ctr(namespace, 'leases', 'ls', '-q'), '');
  }

  /** Nothing, once containerd has collected its garbage. */
  async function assertNothing(namespace: string): Promise<void> {
    await assertNoLease(namespace);
    assert.equal(await ctr(namespace, 'images', 'ls', '-q'), '');
    const left = async () =>
      (await ctr(namespace, 'content', 'ls', '-q')) + (await ctr(namespace, 'snapshots', 'ls')).replace(/^KEY.*\n/, '');
    for (const deadline = Date.now() + eventPatience; (await left()) !== '' && Date.now() < deadline;) await sleep(50);
    assert.equal(await left(), '');
  }

  function layout(): { readonly source: () => Promise<ImageSource>; readonly digest: string } {
    const image = testImage({ compression: 'gzip' });
    const at = writeFiles(ociLayout(image, 'tag'), mkdtempSync(path.join(folder, 'layout-')));
    return {
      source: () => openOciSource({ path: at, reference: 'tag' }, { scratch: folder }),
      digest: manifestOf(image).digest,
    };
  }

  it('takes an image from a layout and gives it back with the same digest, unpacked and whole for ctr', async () => {
    const { source, digest } = layout();
    await using one = await source();
    const { images } = await put(one, 'whole');
    assert.equal(images[0]?.digest, digest);
    const name = 'docker.io/library/box:latest';
    assert.match(await ctr('whole', 'images', 'ls'), new RegExp(`^${name} +\\S+ +${digest}`, 'm'));
    assert.match(await ctr('whole', 'images', 'check'), /complete \(2\/2\).*true/);
    await assertNoLease('whole');
    assert.equal(await ctr('whole', 'content', 'active'), 'REF\tSIZE\tAGE\t\n');

    await using back = await from('whole');
    const out = path.join(folder, 'back');
    await using target = await openOciTarget({ path: out, reference: 'again' }, signal);
    const again = await copyImages(back, target, { signal, platforms: 'host' });
    assert.equal(again.images[0]?.digest, digest);
    await containerd.expect(['--namespace', 'whole', 'images', 'export', path.join(folder, 'whole.tar'), name]);
  });

  it('puts what ctr runs', async () => {
    await using source = await layout().source();
    await put(source, 'run');
    const flags = ['--rm', '--snapshotter', snapshotter, '--cgroup', `${containerd.cgroupParent}/run`];
    const said = await ctr('run', 'run', ...flags, 'docker.io/library/box:latest', 'one', 'echo', 'hello');
    assert.equal(said, 'hello\n');
  });

  it('sends nothing that the namespace has, or that another namespace has', async () => {
    const image = suiteImage({ layers: ['sent once'] });
    assert.notEqual((await put(suiteSource(image), 'first')).sent, 0);
    assert.equal((await put(suiteSource(image), 'first')).sent, 0);
    const source = suiteSource(image);
    source.blob = () => assert.fail('a layer is read');
    assert.equal((await put(source, 'second')).sent, 0);
    assert.match(await ctr('second', 'images', 'check'), /complete \(2\/2\).*true/);
  });

  it('gives a part of an index as the part that is there', async () => {
    const index = suiteIndex();
    await put(suiteSource(index), 'sparse');
    await using source = await from('sparse');
    assert.equal(await source.has(index.children[0]!, signal), true);
    assert.equal(await source.has(index.children[1]!, signal), false);
    const back = new MemoryMedium([], undefined, { sparseIndex: true });
    await copyImages(source, back, { signal, platforms: 'all' });
    assert.equal(back.published[0]?.target.digest, index.target.digest);
    await assert.rejects(source.document(index.children[1]!, signal), { kind: 'not_found', code: 'no_such_blob' });
  });

  it('reads blobs from the folder where it may, and from any offset over the API', async () => {
    const image = suiteImage();
    await put(suiteSource(image), 'read');
    await using source = await from('read');
    const layer = parseManifest(image.blobs.get(image.target.digest)!).layers[0]!;
    const expected = image.blobs.get(layer.digest)!;
    const blob = source.blob(layer);
    assert.ok(blob.file !== undefined);
    for (const one of [blob, source.blob({ ...layer, size: layer.size + 1 })]) {
      const pieces = [];
      for await (const piece of one.read(signal, 1000)) pieces.push(piece);
      assert.deepEqual(Buffer.concat(pieces), expected.subarray(1000));
    }
  });

  it('finds an image by its full name when there is none of this one, and says where else there is one', async () => {
    await put(suiteSource(suiteImage()), 'names', { name: 'app' });
    for (const name of ['app', 'app:latest', 'docker.io/library/app:latest']) {
      await using source = await from('names', name);
      const [image] = await source.images(signal);
      assert.deepEqual(image?.names, ['docker.io/library/app:latest']);
    }
    await assert.rejects(
      from('whole', 'app'),
      (error) =>
        isKind(error, 'not_found') && error.code === 'no_such_image' && /containerd:\/\/names\/app/.test(error.hint!),
    );
    await assert.rejects(from('names', 'none'), { kind: 'not_found', code: 'no_such_image' });
    const at = path.join(folder, 'no.sock');
    await assert.rejects(openContainerdSource({ address: at }, { namespace: 'n', name: 'x' }), { code: 'no_server' });
    await assert.rejects(from('a/b'), { kind: 'invalid_argument', code: 'bad_namespace' });
  });

  it('gives further names, and leaves layers packed when asked to', async () => {
    const options = { unpack: false, additionalNames: ['localhost/other:2'] };
    await put(suiteSource(suiteImage()), 'packed', options);
    const names = (await ctr('packed', 'images', 'ls', '-q')).trim().split('\n');
    assert.deepEqual(names, ['docker.io/library/box:latest', 'localhost/other:2']);
    assert.equal((await ctr('packed', 'snapshots', 'ls')).trim().split('\n').length, 1);
  });

  it('puts what kubelet sees, by its name and by its id', async () => {
    const image = suiteImage({ layers: ['for kubelet'] });
    await put(suiteSource(image), 'k8s.io', { name: 'app:k' });
    const { config } = parseManifest(image.blobs.get(image.target.digest)!);
    await using channel = await Channel.open({ socket: containerd.socket });
    const seen = async () =>
      (await channel.unary(ImageService.method.imageStatus, { image: { image: 'app:k' } })).image;
    // CRI hears of it by an event.
    for (const deadline = Date.now() + eventPatience; (await seen()) === undefined && Date.now() < deadline;)
      await sleep(50);
    const { id, repoTags } = (await seen()) ?? {};
    assert.deepEqual([id, repoTags], [config.digest, ['docker.io/library/app:k']]);
    const byId = await channel.unary(ImageService.method.imageStatus, { image: { image: config.digest } });
    assert.equal(byId.image?.id, config.digest);
  });

  it('names another form of a layer that it has', async () => {
    const image = suiteImage({ layers: ['packed by gzip'] });
    await put(suiteSource(image), 'forms');
    const manifest = parseManifest(image.blobs.get(image.target.digest)!);
    const [diffId] = parseImageConfig(image.blobs.get(manifest.config.digest)!).rootfs.diff_ids;
    await using target = await openContainerdTarget({ address: containerd.socket }, { namespace: 'forms', name: 'x' });
    const plain: Descriptor = { mediaType: mediaTypes.dockerLayer, digest: diffId!, size: 1 };
    const { digest, size } = manifest.layers[0]!;
    assert.deepEqual(await target.substitute!(plain, diffId!, signal), {
      mediaType: mediaTypes.dockerLayerGzip,
      digest,
      size,
    });
    assert.equal(await target.substitute!(plain, sha256('none'), signal), undefined);
  });

  it('leaves nothing of a copy that fails when it is unpacked, nor of one that is cancelled', async () => {
    const image = wrongDiffId();
    await assert.rejects(put(suiteSource(image), 'wrong'), { kind: 'data_loss', code: 'diff_id_mismatch' });
    await assertNothing('wrong');
    const stop = new AbortController();
    const source = suiteSource(suiteImage({ layers: ['cancelled'] }));
    source.blob = () => ({
      async *read() {
        yield new Uint8Array(10);
        stop.abort();
        await sleep(10_000, undefined, { signal: stop.signal });
      },
    });
    await assert.rejects(put(source, 'cancelled', { signal: stop.signal }), { kind: 'cancelled' });
    await assertNothing('cancelled');
  });

  it('leaves the names as they were when one of them cannot be written', async () => {
    const [first, second] = [suiteImage(), suiteImage({ layers: ['another'] })];
    await put(suiteSource(first), 'undo');
    const names = ['localhost/new:1', ''];
    await assert.rejects(put(suiteSource(second), 'undo', { additionalNames: names }), { kind: 'invalid_argument' });
    const listed = await ctr('undo', 'images', 'ls');
    assert.match(listed, new RegExp(`box:latest +\\S+ +${first.target.digest}`));
    assert.doesNotMatch(listed, /localhost/);
    await assertNoLease('undo');
  });

  it('takes its lease away over another connection when its own breaks', async () => {
    const broken = new BrokenLink(containerd.socket, path.join(folder, 'link.sock'));
    await using _ = await broken.open();
    const target = await openContainerdTarget({ address: broken.path }, { namespace: 'broken', name: 'x' });
    const { blobs, target: manifest } = suiteImage();
    const [layer] = parseManifest(blobs.get(manifest.digest)!).layers;
    broken.cut();
    await assert.rejects(target.has(layer!, { signal }), { kind: 'unavailable', code: 'connection_lost' });
    assert.notEqual(await ctr('broken', 'leases', 'ls', '-q'), '');
    await target[Symbol.asyncDispose]();
    await assertNoLease('broken');
  });

  it('puts the same image several times at once', async () => {
    const image = testImage({ layers: [busybox(), [{ path: 'noise', body: randomBytes(3 << 20) }]] });
    const layoutFolder = writeFiles(ociLayout(image, 'tag'), mkdtempSync(path.join(folder, 'layout-')));
    const copies = Array.from({ length: 3 }, async () => {
      await using source = await openOciSource({ path: layoutFolder, reference: 'tag' }, { scratch: folder });
      await put(source, 'together');
    });
    await Promise.all(copies);
    assert.match(await ctr('together', 'images', 'check'), /complete \(3\/3\).*true/);
    assert.equal(await ctr('together', 'content', 'active'), 'REF\tSIZE\tAGE\t\n');
    await assertNoLease('together');
  });

  it('goes on where a copy ended that was killed', async () => {
    const [image, layer] = bigImage(24 << 20);
    const at = writeFiles(layoutFiles(image), mkdtempSync(path.join(folder, 'big-')));
    const child = copySlowly({ layout: at, address: containerd.socket, namespace: 'killed', name: 'box' });
    const active = async () => /layer-\S+\s+(\d+(?:\.\d+)?)\s*MB/i.exec(await ctr('killed', 'content', 'active'))?.[1];
    for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(20))
      if (Number((await active()) ?? 0) >= 4) break;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));

    let offset = -1;
    const source = suiteSource(image);
    const whole = source.blob(layer);
    source.blob = () => ({
      read: (stop, begin = 0) => {
        offset = begin;
        return whole.read(stop, begin);
      },
    });
    await put(source, 'killed');
    assert.ok(offset >= 4 << 20, `the layer was read from ${offset}`);
    assert.match(await ctr('killed', 'images', 'check'), /complete/);
  });

  it('moves a big layer with what containerd can take', async (test) => {
    const [image] = bigImage(100 << 20);
    const began = performance.now();
    await put(suiteSource(image), 'big', { unpack: false });
    const seconds = (performance.now() - began) / 1000;
    test.diagnostic(`100 MiB in ${seconds.toFixed(1)} s: ${(100 / seconds).toFixed(0)} MiB/s`);
  });
});
