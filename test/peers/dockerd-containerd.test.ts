import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { openContainerdSource } from '@berth/image/medium/containerd/source';
import { openContainerdTarget } from '@berth/image/medium/containerd/target';
import { openDockerSource } from '@berth/image/medium/docker/source';
import { openDockerTarget } from '@berth/image/medium/docker/target';
import { openOciTarget } from '@berth/image/medium/oci/target';
import type { ImageSource, ImageTarget } from '@berth/image/medium/medium';
import { Containerd } from '../bench/peer/containerd.ts';
import { findPeer } from '../bench/peer/packages.ts';
import { archive, newDockerArchive, oldDockerArchive } from '../harness/archives.ts';
import { runCommand } from '../harness/command.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';
import { busybox, testImage, type TestImage } from '../harness/images.ts';

const whyNot = whyNoDockerd !== false ? whyNoDockerd : findPeer('ctr') === undefined ? 'there is no containerd' : false;
const { signal } = new AbortController();

const base = [busybox(), [{ path: 'second', body: Buffer.alloc(500_000, 'x') }]];
const image = (compression: 'none' | 'gzip', ...own: { path: string; body: string }[]): TestImage =>
  testImage({ layers: own.length === 0 ? base : [...base, own], compression });

describe('images between a live dockerd and a live containerd', { skip: whyNot }, () => {
  let dockerd: Dockerd;
  let containerd: Containerd;
  let folder: string;

  before(async () => {
    folder = mkdtempSync('/tmp/bdk-ctr-');
    dockerd = await Dockerd.start();
    const started = await Containerd.start();
    assert.ok(started !== undefined, 'containerd does not start');
    containerd = started;
  });

  after(async () => {
    await dockerd?.[Symbol.asyncDispose]();
    await containerd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const inContainerd = (namespace: string, name: string) => ({ namespace, name: `docker.io/library/${name}` });
  const access = () => ({ address: containerd.socket });
  const copy = (source: ImageSource, target: ImageTarget) => copyImages(source, target, { signal, platforms: 'host' });
  const load = (one: TestImage, name: string) => dockerd.load(archive(oldDockerArchive(one, name)));

  /** The image unpacked in the namespace, with its layers as they came: as a pull leaves it. */
  async function pulled(one: TestImage, repository: string): Promise<void> {
    const file = path.join(folder, 'image.tar');
    writeFileSync(file, archive(newDockerArchive(one, `${repository}:1`)));
    const naming = ['--base-name', `docker.io/library/${repository}`];
    await containerd.expect(['-n', 'pulled', 'images', 'import', '--snapshotter', 'native', ...naming, file]);
  }

  it('goes from docker into a containerd that has nothing, all of it', async () => {
    const whole = image('none');
    await load(whole, 'app:1');
    await using source = await openDockerSource({ host: dockerd.host }, 'app:1');
    await using target = await openContainerdTarget(access(), inContainerd('empty', 'app:1'));
    const { sent, present } = await copy(source, target);
    assert.deepEqual([sent, present], [whole.layers.reduce((sum, { bytes }) => sum + bytes.length, 0), 0]);
    const check = await containerd.expect(['-n', 'empty', 'images', 'check', '--snapshotter', 'native']);
    assert.match(check, /docker\.io\/library\/app:1\s.*complete \(3\/3\)/);
    await containerd.expect([
      '-n',
      'empty',
      'images',
      'export',
      path.join(folder, 'out.tar'),
      'docker.io/library/app:1',
    ]);
  });

  it('goes from docker into a containerd that pulled the base: what is compressed there is not sent', async () => {
    await pulled(image('gzip'), 'base');
    const built = image('none', { path: 'built', body: 'here' });
    await load(built, 'built:1');
    await using source = await openDockerSource({ host: dockerd.host }, 'built:1');
    await using target = await openContainerdTarget(access(), inContainerd('pulled', 'built:1'));
    assert.equal((await copy(source, target)).sent, built.layers[2]!.tar.length);
    const check = await containerd.expect(['-n', 'pulled', 'images', 'check', '--snapshotter', 'native']);
    assert.match(check, /docker\.io\/library\/built:1\s.*complete \(4\/4\)/);
  });

  it('goes from containerd into a docker that has the base', async () => {
    const grown = image('gzip', { path: 'grown', body: 'there' });
    await pulled(grown, 'grown');
    await load(image('none'), 'app:1');
    await using source = await openContainerdSource(access(), inContainerd('pulled', 'grown:1'));
    await using target = await openDockerTarget({ host: dockerd.host }, 'grown:1');
    assert.equal((await copy(source, target)).sent, grown.layers[2]!.bytes.length);
    const { stdout } = await dockerd.docker(['run', '--rm', '--network', 'none', 'grown:1', 'cat', '/grown']);
    assert.equal(stdout, 'there');
    assert.equal((await dockerd.expect(['inspect', '--format', '{{.Id}}', 'grown:1'])).trim(), grown.config.digest);
  });

  it('goes from docker into a layout that skopeo takes', async (context) => {
    const skopeo = findPeer('skopeo');
    if (skopeo === undefined) return context.skip('there is no skopeo');
    await load(image('none'), 'app:1');
    const layout = path.join(folder, 'layout');
    {
      await using source = await openDockerSource({ host: dockerd.host }, 'app:1');
      await using target = await openOciTarget({ path: layout, reference: 'app' }, signal);
      await copy(source, target);
    }
    const { code, stderr } = await runCommand([skopeo, 'copy', `oci:${layout}:app`, `dir:${path.join(folder, 'dir')}`]);
    assert.equal(code, 0, stderr);
    assert.equal(readdirSync(path.join(folder, 'dir')).filter((name) => /^[0-9a-f]{64}$/.test(name)).length, 3);
  });
});
