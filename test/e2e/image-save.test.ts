import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Containerd } from '../bench/peer/containerd.ts';
import { findPeer } from '../bench/peer/packages.ts';
import { manifestOf, ociLayout } from '../harness/archives.ts';
import { runCommand } from '../harness/command.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';
import { whySkipped } from '../harness/engine.ts';
import { testImage } from '../harness/images.ts';
import { blobPath, blobsOf, ImageWorkplace, multiPlatform, withConfig } from './image-workplace.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const host = { os: 'linux', architecture };
const other = { os: 'linux', architecture: 's390x' };
const name = 'registry.test/group/app:1';

describe('berth save', { skip: whySkipped }, () => {
  const image = testImage({ compression: 'gzip' });
  let place: ImageWorkplace;
  let file: string;
  before(async () => {
    place = await ImageWorkplace.open();
    await place.load(ociLayout(image, name));
    file = place.file('saved.tar');
    await place.engine.expect(['save', '-o', file, name]);
  });
  after(async () => await place[Symbol.asyncDispose]());

  it('gives every blob as it came, and the same bytes each time', async () => {
    const folder = unpacked(file);
    try {
      for (const { bytes, digest } of blobsOf(image)) {
        assert.ok(readFileSync(path.join(folder, blobPath(digest))).equals(bytes), digest);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    const again = place.file('again.tar');
    await place.engine.expect(['save', '-o', again, name]);
    assert.ok(readFileSync(again).equals(readFileSync(file)));
  });

  it('is read by another Berth, under its name and digest', async () => {
    await using second = await ImageWorkplace.open();
    await second.engine.expect(['load', '-i', file]);
    assert.equal((await second.inspect(name)).Id, manifestOf(image).digest);
    assert.equal(await second.shell(name, 'echo runs'), 'runs');
  });

  it('is read by docker load', { skip: whyNoDockerd }, async () => {
    await using dockerd = await Dockerd.start();
    await dockerd.expect(['load', '-i', file]);
    const [id] = JSON.parse(await dockerd.expect(['image', 'inspect', '--format', '[{{json .Id}}]', name])) as [string];
    assert.equal(id, image.config.digest);
  });

  it('is read by ctr images import', async (t) => {
    await using peer = await Containerd.start();
    if (peer === undefined) return t.skip('needs containerd and ctr');
    await peer.expect(['images', 'import', file]);
    assert.ok((await peer.expect(['images', 'ls'])).includes(`${name} `));
    assert.ok((await peer.expect(['images', 'ls'])).includes(manifestOf(image).digest));
  });

  it('is read by podman load', { skip: findPeer('podman') === undefined && 'needs podman' }, async () => {
    const home = mkdtempSync('/tmp/bt-podman-');
    const podman = (args: readonly string[]): ReturnType<typeof runCommand> => {
      const folders = ['--root', `${home}/root`, '--runroot', `${home}/run`, '--tmpdir', `${home}/tmp`];
      const argv = [
        findPeer('podman')!,
        ...folders,
        '--storage-driver',
        'vfs',
        '--cgroup-manager',
        'cgroupfs',
        ...args,
      ];
      return runCommand(argv, { env: { ...process.env, TMPDIR: home } });
    };
    try {
      const loaded = await podman(['load', '-i', file]);
      assert.equal(loaded.code, 0, loaded.stderr);
      const { stdout } = await podman(['images', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}']);
      assert.ok(stdout.includes(`${name} ${image.config.digest}`), stdout);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });

  it('is read by skopeo, in both forms', { skip: findPeer('skopeo') === undefined && 'needs skopeo' }, async () => {
    for (const form of [`oci-archive:${file}:1`, `docker-archive:${file}:${name}`]) {
      const { code, stdout, stderr } = await runCommand([findPeer('skopeo')!, 'inspect', '--config', '--raw', form]);
      assert.equal(code, 0, `${form}: ${stderr}`);
      assert.deepEqual(JSON.parse(stdout), JSON.parse(image.config.bytes.toString()));
    }
  });

  it('takes several images into one archive, and one by its id without a name', async () => {
    const second = testImage({ layers: [[{ path: 'file', body: 'x' }]] });
    await place.load(ociLayout(second, 'second:1'));
    const both = place.file('both.tar');
    await place.engine.expect(['save', '-o', both, name, 'second:1', manifestOf(second).digest]);
    const { manifests } = JSON.parse(member(both, 'index.json')) as { readonly manifests: readonly Entry[] };
    const names = manifests.map(({ annotations }) => annotations?.['io.containerd.image.name']);
    assert.deepEqual(names.toSorted(), ['docker.io/library/second:1', name]);
    const nameless = place.file('nameless.tar');
    await place.engine.expect(['save', '-o', nameless, manifestOf(second).digest]);
    assert.equal(
      (JSON.parse(member(nameless, 'index.json')) as { manifests: Entry[] }).manifests[0]?.annotations,
      undefined,
    );
  });

  it('of an index gives what is here, or the platform that was asked for', async () => {
    const foreign = withConfig(image, { architecture: 's390x' });
    const children = [
      { image, platform: host },
      { image: foreign, platform: other },
    ];
    await place.load(multiPlatform(children, 'many:1'));
    await place.load(multiPlatform([children[0]!, { ...children[1]!, absent: true }], 'part:1'));
    for (const ref of ['many:1', 'part:1']) {
      const all = place.file();
      await place.engine.expect(['save', '-o', all, ref]);
      const { Id } = await place.inspect(ref);
      const entry = (JSON.parse(member(all, 'index.json')) as { manifests: Entry[] }).manifests[0];
      assert.equal(entry?.digest, Id);
    }
    const one = place.file();
    await place.engine.expect(['save', '-o', one, '--platform', 'linux/s390x', 'many:1']);
    const [entry] = (JSON.parse(member(one, 'index.json')) as { manifests: Entry[] }).manifests;
    assert.equal(entry?.digest, manifestOf(foreign).digest);
    const refused = await place.engine.berth(['save', '-o', place.file(), '--platform', 'linux/riscv64', 'many:1']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /linux\/riscv64/);
  });

  it('says before the first byte what is not here', async () => {
    const { code, stdout, stderr } = await place.engine.berth(['save', 'nothing:1']);
    assert.notEqual(code, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /nothing:1/);
  });
});

interface Entry {
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function unpacked(file: string): string {
  const folder = mkdtempSync('/tmp/bt-save-');
  execFileSync('tar', ['-xf', file, '-C', folder]);
  return folder;
}

function member(file: string, wanted: string): string {
  return execFileSync('tar', ['-xOf', file, wanted], { encoding: 'utf8' });
}
