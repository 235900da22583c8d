import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { backgroundContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { jsonBlob, type TestImage, testImage } from '../harness/images.ts';
import { manifestOf } from '../harness/archives.ts';
import { ImageServicePlace, inNamespace } from './image-service.ts';
import { ociIndex, ociManifest, withConfig } from './image-workplace.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root: layers have owners';
const ref = 'registry.test:5000/app:1';

/** Layers with a folder that only the lowest describes, and a body that does not compress. */
function layered(count: number, size = 300_000): TestImage {
  const layers = Array.from({ length: count }, (_, n) => [
    ...(n === 0 ? [{ path: 'etc/', mode: 0o711 }] : []),
    { path: `etc/file-${n}`, body: randomBytes(size) },
  ]);
  return testImage({ layers, compression: 'gzip' });
}

describe('a pull', { skip }, () => {
  let place: ImageServicePlace;
  beforeEach(async () => (place = await ImageServicePlace.open()));
  afterEach(async () => await place[Symbol.asyncDispose]());
  const context = backgroundContext();

  it('brings and unpacks an image, whose layers are stacked in order', async () => {
    const image = layered(7);
    place.registry.push('1', image);
    const { isNew, steps } = await place.pull(ref);
    assert.deepEqual(isNew, [true]);
    const { chainId } = await place.images.ready(context, ref);
    const folders = await place.stores.snapshots.layers(context, chainId);
    assert.equal(folders.length, 7);
    for (const [n, folder] of folders.toReversed().entries()) {
      assert.equal(readFileSync(path.join(folder, `etc/file-${n}`)).length, 300_000);
      assert.equal(
        execFileSync('stat', ['-c', '%a', path.join(folder, 'etc')])
          .toString()
          .trim(),
        '711',
      );
    }
    const done = steps.filter(({ status, timing }) => status === 'done' && timing !== undefined);
    assert.equal(done.length, 7);
    assert.deepEqual((await place.left()).ingests, []);
  });

  it('of what is here already asks only for the manifest', async () => {
    place.registry.push('1', layered(2));
    await place.pull(ref);
    const before = place.registry.total;
    const { isNew, steps } = await place.pull(ref);
    assert.deepEqual(isNew, [false]);
    assert.equal(place.registry.total, before);
    assert.equal(steps.filter(({ status }) => status === 'already there').length, 2);
  });

  it('leaves the old image untagged when its tag has moved', async () => {
    place.registry.push('1', layered(1));
    await place.pull(ref);
    place.registry.push('1', layered(1));
    assert.deepEqual((await place.pull(ref)).isNew, [true]);
    const names = (await place.images.list(context)).map((image) => image.names);
    assert.deepEqual(names.toSorted(), [[], ['registry.test:5000/app:1']]);
    const { deleted, freed } = await place.images.prune(context, { all: false, labels: [] });
    assert.equal(deleted.length, 3);
    assert.ok(freed >= 300_000);
  });

  it('that was cut off goes on where it was, in another namespace and after a restart', async () => {
    const image = layered(3, 2_000_000);
    place.registry.push('1', image);
    const controller = new AbortController();
    place.registry.beforePiece = () => {
      if (place.registry.total > 3_000_000) controller.abort();
    };
    await assert.rejects(place.pull(ref, { context: inNamespace('moby', controller.signal) }));
    const left = await place.left();
    assert.deepEqual([left.blobs, left.snapshots], [[], []]);
    assert.ok(left.ingests.length > 0);
    place.registry.beforePiece = () => {};
    const before = place.registry.total;
    await place.reopen();
    await place.pull(ref, { context: inNamespace('k8s.io') });
    const kept = left.ingests.reduce((sum, bytes) => sum + bytes, 0);
    const layers = image.layers.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const documents = manifestOf(image).bytes.length + image.config.bytes.length;
    assert.equal(place.registry.total - before, layers - kept + documents);
    await place.images.ready(context, ref);
    assert.deepEqual((await place.left()).ingests, []);
  });

  it('fetches bytes that were damaged on the disk once more', async () => {
    const image = layered(2, 1_500_000);
    place.registry.push('1', image);
    for (const layer of image.layers) {
      const digest = layer.digest as `sha256:${string}`;
      await using ingest = await place.stores.content.ingest(context, `blob-${digest}`, {
        digest,
        size: layer.bytes.length,
      });
      await ingest.write(Buffer.alloc(1_100_000));
    }
    await place.pull(ref);
    await place.images.ready(context, ref);
  });

  it('with others of the same reference is one', async () => {
    const image = layered(2);
    place.registry.push('1', image);
    const pulls = ['default', 'moby', 'k8s.io', 'default'].map((name) =>
      place.pull(ref, { context: inNamespace(name) }),
    );
    await Promise.all(pulls);
    for (const { digest, bytes } of image.layers) assert.equal(place.registry.served.get(digest), bytes.length);
  });

  it('goes on for the others when one of them goes, and ends with the last', async () => {
    place.registry.push('1', layered(2, 1_000_000));
    const first = new AbortController();
    const second = new AbortController();
    place.registry.beforePiece = () => {
      if (place.registry.total > 500_000) first.abort(new BerthError('cancelled', 'the first has gone'));
    };
    const gone = place.pull(ref, { context: inNamespace('default', first.signal) });
    const stays = place.pull(ref, { context: inNamespace('moby', second.signal) });
    await assert.rejects(gone, { kind: 'cancelled' });
    await stays;
    place.registry.push('2', layered(2, 1_000_000));
    const before = place.registry.total;
    place.registry.beforePiece = () => {
      if (place.registry.total > before + 500_000) second.abort(new BerthError('cancelled', 'the last has gone'));
    };
    await assert.rejects(place.pull('registry.test:5000/app:2', { context: inNamespace('default', second.signal) }), {
      kind: 'cancelled',
    });
    assert.equal((await place.left()).snapshots.length, 2);
  });

  it('of images that share layers fetches each once', async () => {
    const base = layered(2, 500_000);
    const top = layered(3, 500_000);
    const both = [base, top].map((one, n) => {
      const layers = [...base.layers, ...(n === 0 ? [] : one.layers)];
      const config = withConfig(one, {
        rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      }).config;
      return { layers, config };
    });
    both.forEach((image, n) => place.registry.push(String(n), image));
    await Promise.all(both.map((_, n) => place.pull(`registry.test:5000/app:${n}`)));
    for (const { digest, bytes } of both[1]!.layers) assert.equal(place.registry.served.get(digest), bytes.length);
  });

  it('of wrong bytes leaves nothing', async () => {
    const image = layered(3);
    place.registry.push('1', image);
    const [, layer] = image.layers;
    place.registry.bytes.set(layer!.digest, Buffer.alloc(layer!.bytes.length, 'x'));
    await assert.rejects(place.pull(ref), { kind: 'data_loss', code: 'digest_mismatch' });
    const { blobs, snapshots, ingests } = await place.left();
    assert.deepEqual([blobs, snapshots], [[], []]);
    assert.ok(ingests.length < 3);
    assert.deepEqual(await place.images.list(context), []);
    assert.deepEqual(place.folders(), []);
    for (const bytes of [Buffer.concat([layer!.bytes, Buffer.from('more')]), layer!.bytes.subarray(1)]) {
      place.registry.bytes.set(layer!.digest, bytes);
      await assert.rejects(place.pull(ref), { kind: 'data_loss' });
    }
  });

  it('takes of an index what was asked for, and names what there is when that is not', async () => {
    const host = layered(1);
    const other = withConfig(layered(1), { architecture: 's390x' });
    const attestation = {
      ...layered(1),
      config: jsonBlob({ architecture: 'unknown', os: 'unknown', rootfs: { type: 'layers', diff_ids: [] } }),
    };
    const { architecture } = JSON.parse(host.config.bytes.toString()) as { architecture: string };
    const children = [
      { image: host, platform: { os: 'linux', architecture } },
      { image: other, platform: { os: 'linux', architecture: 's390x' } },
      { image: attestation, platform: { os: 'unknown', architecture: 'unknown' } },
    ];
    const manifests = children.map(({ image, platform }) => {
      const { bytes, digest } = manifestOf(image);
      place.registry.add(manifestOf(image), image.config, ...image.layers);
      return { mediaType: ociManifest, digest, size: bytes.length, platform };
    });
    place.registry.tag('1', jsonBlob({ schemaVersion: 2, mediaType: ociIndex, manifests }), ociIndex);
    await assert.rejects(
      place.pull(ref, { platforms: [{ os: 'linux', architecture: 'riscv64' }] }),
      (error: BerthError) => {
        assert.deepEqual([error.kind, error.code], ['not_found', 'no_such_platform']);
        assert.match(error.message, /s390x/);
        return true;
      },
    );
    await place.pull(ref);
    assert.equal((await place.left()).blobs.length, 4);
    assert.deepEqual((await place.images.list(context))[0]?.platforms, [`linux/${architecture}`]);
    await place.pull(ref, { platforms: [{ os: 'linux', architecture: 's390x' }] });
    assert.equal((await place.left()).blobs.length, 7);
    assert.equal(
      (await place.images.inspect(context, ref, { os: 'linux', architecture: 's390x' })).config.architecture,
      's390x',
    );
    await place.pull(ref, { platforms: 'all' });
    assert.equal((await place.left()).blobs.length, 10);
    assert.equal((await place.left()).snapshots.length, 2);
  });

  it('keeps an artifact as it is, and an image without layers', async () => {
    const config = jsonBlob({});
    const file = jsonBlob({ any: 'thing' });
    place.registry.add(config, file);
    const artifact = {
      schemaVersion: 2,
      mediaType: ociManifest,
      artifactType: 'application/x-chart',
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: config.digest, size: config.bytes.length },
      layers: [{ mediaType: 'application/x-chart', digest: file.digest, size: file.bytes.length }],
    };
    place.registry.tag('1', jsonBlob(artifact), ociManifest);
    await place.pull(ref);
    assert.equal((await place.left()).blobs.length, 3);
    place.registry.push('2', testImage({ layers: [] }));
    await place.pull('registry.test:5000/app:2');
    assert.equal((await place.images.ready(context, 'registry.test:5000/app:2')).chainId, '');
  });

  it('unpacks a layer that only its maker hands out, and saves the image without it', async () => {
    const image = layered(2);
    const foreign = { ...image.layers[1]!, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip' };
    place.registry.push('1', { ...image, layers: [image.layers[0]!, foreign] });
    await place.pull(ref);
    assert.notEqual((await place.images.ready(context, ref)).chainId, '');
    const sizes: number[] = [];
    for (const foreignLayers of [false, true]) {
      let size = 0;
      for await (const piece of await place.transfers.save(context, [ref], { foreignLayers })) size += piece.length;
      sizes.push(size);
    }
    assert.ok(sizes[1]! - sizes[0]! >= foreign.bytes.length);
  });

  it('on a full disk says so and leaves nothing', async () => {
    const disk = path.join(place.home, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]);
    try {
      await using small = await ImageServicePlace.open(path.join(disk, 'root'));
      small.registry.push('1', layered(4, 2_000_000));
      await assert.rejects(small.pull(ref), (error: BerthError) => {
        assert.deepEqual([error.kind, error.code], ['resource_exhausted', 'no_space'], String(error));
        assert.ok(error.message.includes(disk));
        return true;
      });
      const { blobs, snapshots } = await small.left();
      assert.deepEqual([blobs, snapshots], [[], []]);
    } finally {
      execFileSync('umount', [disk]);
      rmdirSync(disk);
    }
  });

  it('brings every tag of a repository', async () => {
    place.registry.push('1', layered(1));
    place.registry.push('2', layered(1));
    assert.deepEqual((await place.pull('registry.test:5000/app', { allTags: true })).isNew, [true, true]);
    assert.equal((await place.images.list(context)).length, 2);
    await assert.rejects(place.pull('registry.test:5000/app:3'), { kind: 'not_found' });
  });

  it('knows an image by its digest', async () => {
    const { digest } = place.registry.push('1', layered(1));
    await place.pull(`registry.test:5000/app@${digest}`);
    const [image] = await place.images.list(context);
    assert.deepEqual(image?.names, [`registry.test:5000/app@${digest}`]);
  });
});
