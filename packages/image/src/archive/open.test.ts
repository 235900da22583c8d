import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Digest, digestHex, sha256 } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import { tarArchive } from '../tar/writer.ts';
import type { ImageArchive } from './archive.ts';
import { dockerMembers, fixtureImage, type FixtureMember, layoutMembers, put } from './fixture.ts';
import { openArchive } from './open.ts';

const image = fixtureImage([[{ name: 'a', content: 'a' }], [{ name: 'b', content: 'b'.repeat(5000) }]]);
const annotated = (annotations: Record<string, string>): Descriptor => ({ ...image.target, annotations });
const containerdName = 'io.containerd.image.name';
const refName = 'org.opencontainers.image.ref.name';

describe('openArchive', () => {
  let folder: string;
  let count = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-archive-'));
    mkdirSync(join(folder, 'scratch'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function open(content: readonly FixtureMember[] | Uint8Array): Promise<ImageArchive> {
    const path = join(folder, `archive-${count++}`);
    writeFileSync(path, content instanceof Uint8Array ? content : tarArchive(content));
    return await openArchive(path, { scratch: join(folder, 'scratch') });
  }

  async function names(...targets: readonly Descriptor[]): Promise<readonly (readonly string[])[]> {
    await using archive = await open(layoutMembers(targets, image.blobs));
    return archive.images().map((one) => one.names);
  }

  it('reads an OCI layout, and finds the bytes of each blob in the file', async () => {
    await using archive = await open(layoutMembers([image.target], image.blobs));
    assert.equal(archive.kind, 'oci-layout');
    assert.deepEqual(archive.images(), [{ target: image.target, names: [] }]);
    assert.equal(archive.blobs().length, 4);
    assert.deepEqual(archive.blobs().at(-1), image.target);
    for (const [digest, bytes] of image.blobs) {
      const { path, offset, size } = archive.layerFile(digest);
      assert.deepEqual(readFileSync(path).subarray(offset, offset + size), bytes);
      assert.deepEqual(Buffer.from(await archive.readAll({ digest }, 1 << 20)), bytes);
    }
    await assert.rejects(archive.readAll(image.target, 10), { kind: 'resource_exhausted' });
    assert.throws(() => archive.source(sha256('none')), { kind: 'not_found' });
  });

  it('reads gzip and zstd archives through a copy that is removed', async () => {
    const plain = tarArchive(layoutMembers([image.target], image.blobs));
    for (const bytes of [gzipSync(plain), zstdCompressSync(plain)]) {
      {
        await using archive = await open(bytes);
        assert.deepEqual(archive.images()[0]!.target, image.target);
        assert.equal(readdirSync(join(folder, 'scratch')).length, 1);
      }
      await assert.rejects(open(bytes.subarray(0, -20)), { kind: 'data_loss', code: 'truncated' });
      assert.deepEqual(readdirSync(join(folder, 'scratch')), []);
    }
  });

  it('reads a layout folder', async () => {
    const path = join(folder, 'layout');
    mkdirSync(path);
    execFileSync('tar', ['-C', path, '-xf', '-'], { input: tarArchive(layoutMembers([image.target], image.blobs)) });
    await using archive = await openArchive(path, { scratch: folder });
    assert.deepEqual(archive.images()[0]!.target, image.target);
    symlinkSync('nowhere', join(path, 'blobs/sha256', '1'.repeat(64)));
    await using other = await openArchive(path, { scratch: folder });
    assert.ok(!other.has({ digest: `sha256:${'1'.repeat(64)}` }));
    symlinkSync('/etc/passwd', join(path, 'blobs/sha256', '0'.repeat(64)));
    await assert.rejects(openArchive(path, { scratch: folder }), { code: 'path_escape' });
  });

  it('takes names from the annotations that mean full names', async () => {
    assert.deepEqual(await names(annotated({ [containerdName]: 'docker.io/library/x:1', [refName]: '1' })), [
      ['docker.io/library/x:1'],
    ]);
    assert.deepEqual(await names(annotated({ [refName]: 'x:2' })), [['docker.io/library/x:2']]);
    assert.deepEqual(await names(annotated({ [refName]: 'host:1/x' })), [['host:1/x:latest']]);
    assert.deepEqual(await names(annotated({ [refName]: 'latest' })), [[]]);
    assert.deepEqual(await names(annotated({ [refName]: 'Not/A:Name!' })), [[]]);
    assert.deepEqual(await names(annotated({ [refName]: 'x:1' }), annotated({ [refName]: 'x:2' })), [
      ['docker.io/library/x:1', 'docker.io/library/x:2'],
    ]);
    const members = layoutMembers([annotated({ [refName]: '1' })], image.blobs);
    const docker = {
      name: 'manifest.json',
      content: JSON.stringify([
        { Config: `blobs/sha256/${digestHex(image.config.digest)}`, RepoTags: ['y:1'], Layers: [] },
      ]),
    };
    await using archive = await open([...members, docker]);
    assert.deepEqual(archive.images(), [{ target: image.target, names: ['docker.io/library/y:1'] }]);
  });

  it('walks an index, and leaves out what was not saved', async () => {
    const blobs = new Map(image.blobs);
    const other = fixtureImage([[{ name: 'other' }]], { os: 'linux', architecture: 's390x' });
    const manifests = [
      { ...image.target, platform: { os: 'linux', architecture: 'amd64' } },
      { ...other.target, platform: { os: 'linux', architecture: 's390x' } },
    ];
    const index = put(
      blobs,
      mediaTypes.ociIndex,
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    );
    await using archive = await open(layoutMembers([index], blobs));
    assert.equal(archive.has(other.target), false);
    assert.deepEqual(
      archive
        .blobs()
        .map(({ digest }) => digest)
        .sort(),
      [...image.blobs.keys(), index.digest].sort(),
    );
  });

  it('makes the same manifest for the same docker archive, with names and layers as they are', async () => {
    await using first = await open(dockerMembers(image, ['x:1', 'host.example/y/z']));
    await using second = await open(dockerMembers(image, null));
    assert.equal(first.kind, 'docker-archive');
    const [one] = first.images();
    assert.deepEqual(one!.names, ['docker.io/library/x:1', 'host.example/y/z:latest']);
    assert.deepEqual(second.images()[0], { target: one!.target, names: [] });
    const manifest = JSON.parse(Buffer.from(await first.readAll(one!.target, 1 << 20)).toString());
    assert.equal(manifest.config.digest, image.config.digest);
    assert.deepEqual(
      manifest.layers.map((layer: Descriptor) => [layer.mediaType, layer.digest]),
      image.diffIds.map((id) => [mediaTypes.ociLayer, id]),
    );
    const { path, offset, size } = first.layerFile(image.diffIds[1]!);
    assert.equal(sha256(readFileSync(path).subarray(offset, offset + size)), image.diffIds[1]);
  });

  it('reads docker archives with gzip layers and with layers that are links', async () => {
    await using zipped = await open(dockerMembers(image, [], { gzip: true }));
    const manifest = JSON.parse(Buffer.from(await zipped.readAll(zipped.images()[0]!.target, 1 << 20)).toString());
    assert.deepEqual(
      manifest.layers.map((layer: Descriptor) => [layer.mediaType, layer.digest]),
      image.layers.map((tar) => [mediaTypes.ociLayerGzip, sha256(gzipSync(tar))]),
    );
    const linked = dockerMembers(image, []).map((member) => {
      if (!member.name.endsWith('/layer.tar') || member.content !== image.layers[0]) return member;
      return [
        { name: 'shared/layer.tar', content: member.content },
        { name: member.name, flag: '2', linkName: '../shared/layer.tar' },
      ];
    });
    await using archive = await open(linked.flat());
    assert.ok(archive.has({ digest: image.diffIds[0]! }));
  });

  it('refuses what is broken, by the name of the member', async () => {
    const without = (digest: Digest) => new Map([...image.blobs].filter(([key]) => key !== digest));
    const layer = [...image.blobs.keys()].find(
      (digest) => digest !== image.config.digest && digest !== image.target.digest,
    )!;
    for (const digest of [layer, image.config.digest, image.target.digest]) {
      await assert.rejects(open(layoutMembers([image.target], without(digest))), {
        kind: 'data_loss',
        code: 'missing_blob',
      });
    }
    const forged = new Map(image.blobs).set(
      image.target.digest,
      Buffer.from(image.blobs.get(image.target.digest)!.toString().replace('"layers"', '"lAyers"')),
    );
    await assert.rejects(open(layoutMembers([image.target], forged)), { kind: 'data_loss', code: 'digest_mismatch' });
    await assert.rejects(open(layoutMembers([{ ...image.target, size: 5 }], image.blobs)), { code: 'size_mismatch' });
    await assert.rejects(open(layoutMembers([{ ...image.target, mediaType: 'text/plain' }], image.blobs)), {
      code: 'unknown_media_type',
    });
    const whole = tarArchive(layoutMembers([image.target], image.blobs));
    await assert.rejects(open(whole.subarray(0, 2500)), { kind: 'data_loss', code: 'truncated' });
    await assert.rejects(open(Buffer.from('no archive at all')), { code: 'truncated' });
    await assert.rejects(open(Buffer.alloc(4096, 7)), { code: 'bad_tar' });
    await assert.rejects(open([{ name: 'file', content: 'x' }]), { code: 'unknown_archive' });
    await assert.rejects(openArchive(join(folder, 'missing'), { scratch: folder }), { kind: 'not_found' });
  });

  it('can be given up', async () => {
    const path = join(folder, 'given-up');
    for (const bytes of [tarArchive(layoutMembers([image.target], image.blobs)), gzipSync(Buffer.alloc(1 << 20))]) {
      writeFileSync(path, bytes);
      await assert.rejects(openArchive(path, { scratch: join(folder, 'scratch'), signal: AbortSignal.abort() }), {
        kind: 'cancelled',
      });
    }
    assert.deepEqual(readdirSync(join(folder, 'scratch')), []);
  });

  it('refuses documents of wrong types', async () => {
    const wrong = [
      'null',
      '[]',
      '{',
      '{"schemaVersion":1}',
      '{"schemaVersion":2,"manifests":{}}',
      '{"schemaVersion":2,"manifests":[{"digest":5}]}',
    ];
    for (const content of wrong) {
      await assert.rejects(
        open([
          { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
          { name: 'index.json', content },
        ]),
        { kind: 'invalid_argument' },
        content,
      );
    }
    await assert.rejects(
      open([
        { name: 'oci-layout', content: '{"imageLayoutVersion":"9"}' },
        { name: 'index.json', content: '{}' },
      ]),
      { code: 'bad_layout' },
    );
    const docker = ['{}', '[5]', '[{"Config":5}]', '[{"Config":"c","Layers":5}]', '[{"Config":"c","RepoTags":["A"]}]'];
    for (const content of docker)
      await assert.rejects(open([{ name: 'manifest.json', content }]), { kind: 'invalid_argument' }, content);
    await assert.rejects(open([{ name: 'manifest.json', content: '[{"Config":"c","Layers":[]}]' }]), {
      kind: 'data_loss',
      code: 'missing_blob',
    });
  });

  describe('of a docker before 1.10', () => {
    const [below, above] = image.layers as [Buffer, Buffer];
    const members = (change: Record<string, unknown> = {}): FixtureMember[] => [
      { name: 'repositories', content: JSON.stringify({ app: { '1': 'b', latest: 'b' }, base: { '2': 'a' } }) },
      { name: 'a/json', content: JSON.stringify({ id: 'a', os: 'linux', created: '2014-01-02T03:04:05Z', ...change }) },
      { name: 'a/layer.tar', content: below },
      {
        name: 'b/json',
        content: JSON.stringify({
          id: 'b',
          parent: 'a',
          architecture: 'amd64',
          config: { Cmd: ['/x'] },
          container_config: { Cmd: ['/bin/sh', '-c', 'true'] },
        }),
      },
      { name: 'b/layer.tar', content: gzipSync(above) },
    ];

    it('has images without configs: they are made', async () => {
      await using archive = await open(members());
      assert.deepEqual(
        archive.images().map((one) => one.names),
        [['docker.io/library/app:1', 'docker.io/library/app:latest'], ['docker.io/library/base:2']],
      );
      const manifest = JSON.parse(Buffer.from(await archive.readAll(archive.images()[0]!.target, 1 << 20)).toString());
      assert.equal(manifest.layers[0].digest, sha256(below));
      const config = JSON.parse(Buffer.from(await archive.readAll(manifest.config, 1 << 20)).toString());
      assert.deepEqual(config.rootfs.diff_ids, image.diffIds);
      assert.deepEqual(config.config, { Cmd: ['/x'] });
      assert.deepEqual(config.history, [{ created: '2014-01-02T03:04:05Z' }, { created_by: '/bin/sh -c true' }]);
      assert.deepEqual([config.id, config.parent], [undefined, undefined]);
    });

    it('is refused when its layers go round in a circle or are not there', async () => {
      await assert.rejects(open(members({ parent: 'b' })), { kind: 'invalid_argument', code: 'bad_json' });
      await assert.rejects(open(members({ parent: '../../etc' })), { kind: 'data_loss', code: 'missing_blob' });
    });
  });
});
