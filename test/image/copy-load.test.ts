import assert from 'node:assert/strict';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it } from 'node:test';
import { type OutgoingImage, writeArchive } from '@berth/image/archive/write-archive';
import { copyImages } from '@berth/image/copy/copy';
import { parseLocation } from '@berth/image/medium/location';
import { openTarget } from '@berth/image/medium/open';
import { type SuiteImage, suiteImage, suiteIndex, suiteSource } from '@berth/image/medium/suite-images';
import { digestHex } from '@berth/model/digest';
import { type Descriptor, parseManifest } from '@berth/model/manifest';
import { Containerd } from '../bench/peer/containerd.ts';
import { runCommand } from '../harness/command.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';

const signal = AbortSignal.timeout(280_000);
const program = (path: string): string | false => (existsSync(path) ? false : `${path} is not installed`);

/** What `save` writes: an index of one platform that is here, or a manifest; two names. */
function outgoing(image: SuiteImage, manifest: Descriptor, names: readonly string[]): OutgoingImage {
  const { config, layers } = parseManifest(image.blobs.get(manifest.digest)!);
  const blobs = [image.target, manifest, config, ...layers];
  return {
    target: image.target,
    names,
    blobs,
    docker: { config: config.digest, layers: layers.map((one) => one.digest) },
  };
}

describe('archives that we write', { timeout: 290_000 }, () => {
  const [plain, gzip, index] = [suiteImage({ compression: 'none', layers: ['p'] }), suiteImage(), suiteIndex()];
  const all = new Map([...plain.blobs, ...gzip.blobs, ...index.blobs]);
  const names = ['docker.io/library/plain:1', 'example.com/gzip:2', 'docker.io/library/index:3'] as const;
  const config = ({ blobs }: SuiteImage, { digest }: Descriptor): string =>
    digestHex(parseManifest(blobs.get(digest)!).config.digest);
  let folder: string;
  let saved: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-load-'));
    saved = join(folder, 'saved.tar');
    const images = [
      outgoing(plain, plain.target, [names[0]]),
      outgoing(gzip, gzip.target, [names[1], 'docker.io/library/second:2']),
      outgoing(index, index.children[0]!, [names[2]]),
    ];
    const bytes = writeArchive(images, async function* ({ digest }) {
      yield all.get(digest)!;
    });
    await pipeline(Readable.from(bytes), createWriteStream(saved));
    for (const place of [`oci-archive:${folder}/oci.tar`, `docker-archive:${folder}/docker.tar`]) {
      await using target = await openTarget(parseLocation(place), { signal, scratch: folder });
      await copyImages(suiteSource(gzip, names[1]), target, { signal, platforms: 'all' });
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are loaded by docker, with their names and ids', { skip: whyNoDockerd }, async () => {
    await using dockerd = await Dockerd.start();
    await dockerd.expect(['load', '--input', saved]);
    const id = async (name: string): Promise<string> =>
      (await dockerd.expect(['image', 'inspect', '--format', '{{.Id}}', name])).trim();
    assert.equal(await id('plain:1'), `sha256:${config(plain, plain.target)}`);
    assert.equal(await id('example.com/gzip:2'), `sha256:${config(gzip, gzip.target)}`);
    assert.equal(await id('second:2'), `sha256:${config(gzip, gzip.target)}`);
    assert.equal(await id('index:3'), `sha256:${config(index, index.children[0]!)}`);
    await dockerd.expect(['image', 'rm', 'example.com/gzip:2', 'second:2']);
    await dockerd.expect(['load', '--input', join(folder, 'docker.tar')]);
    assert.equal(await id('example.com/gzip:2'), `sha256:${config(gzip, gzip.target)}`);
  });

  it('are imported by containerd, with their digests', { skip: program('/usr/bin/containerd') }, async () => {
    await using containerd = (await Containerd.start())!;
    await containerd.expect(['images', 'import', '--snapshotter', 'native', saved]);
    const list = await containerd.expect(['images', 'list']);
    for (const [image, name] of [
      [plain, names[0]],
      [gzip, names[1]],
      [index, names[2]],
    ] as const)
      assert.match(list, new RegExp(`^${name} .*${image.target.digest}`, 'm'));
    await containerd.expect(['images', 'rm', names[1]]);
    await containerd.expect(['images', 'import', '--snapshotter', 'native', join(folder, 'oci.tar')]);
    assert.match(await containerd.expect(['images', 'list']), new RegExp(`^${names[1]} .*${gzip.target.digest}`, 'm'));
  });

  it('are loaded by podman', { skip: program('/usr/bin/podman') }, async () => {
    const podman = async (...args: string[]): Promise<string> => {
      const folders = ['--root', `${folder}/podman`, '--runroot', `${folder}/run`, '--tmpdir', `${folder}/tmp`];
      const env = { ...process.env, TMPDIR: folder };
      const { code, stdout, stderr } = await runCommand(['podman', ...folders, '--storage-driver', 'vfs', ...args], {
        env,
      });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await podman('load', '--input', saved);
    const list = await podman('images', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.Id}}');
    assert.match(list, new RegExp(`docker.io/library/plain:1 .*${config(plain, plain.target)}`));
    assert.match(list, new RegExp(`example.com/gzip:2 .*${config(gzip, gzip.target)}`));
    await podman('rmi', '--all', '--force');
    for (const file of ['oci.tar', 'docker.tar']) {
      await podman('load', '--input', join(folder, file));
      assert.match(
        await podman('images', '--no-trunc'),
        new RegExp(`example.com/gzip +2 .*${config(gzip, gzip.target)}`),
      );
      await podman('rmi', '--all', '--force');
    }
  });

  it('are read by skopeo as either kind', { skip: program('/usr/bin/skopeo') }, async () => {
    for (const place of [
      `docker-archive:${saved}:${names[1]}`,
      `docker-archive:${saved}:second:2`,
      `oci-archive:${folder}/oci.tar:${names[1]}`,
      `oci-archive:${folder}/oci.tar`,
    ]) {
      const { code, stderr } = await runCommand(['skopeo', '--insecure-policy', 'copy', place, `dir:${folder}/seen`]);
      assert.equal(code, 0, stderr);
    }
    const tagged = `oci-archive:${saved}:1`;
    const { code, stderr } = await runCommand(['skopeo', '--insecure-policy', 'copy', tagged, `dir:${folder}/seen`]);
    assert.equal(code, 0, stderr);
  });
});
