import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { Containerd } from '../bench/peer/containerd.ts';
import { findPeer } from '../bench/peer/packages.ts';
import { archive, newDockerArchive, ociLayout } from '../harness/archives.ts';
import { ask } from '../harness/ask.ts';
import { makeCertificate } from '../harness/certificate.ts';
import { type Ran, runCommand } from '../harness/command.ts';
import { Dockerd, whyNoDockerd } from '../harness/dockerd.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { assertNothingLeft, belongings } from '../harness/leaks.ts';
import { forwardTo, scratchFolder, Serve } from '../harness/serve.ts';
import { ImageWorkplace } from './image-workplace.ts';

const whyNoSkopeo = existsSync('/usr/bin/skopeo') ? false : 'needs skopeo';
const whyNoContainerd = findPeer('ctr') === undefined ? 'there is no containerd on this machine' : false;

async function skopeo(...args: string[]): Promise<string> {
  const { code, stdout, stderr }: Ran = await runCommand(['skopeo', ...args]);
  assert.equal(code, 0, `skopeo ${args.join(' ')}: ${stderr}`);
  return stdout;
}

describe('berth serve', { skip: whySkipped, timeout: 600_000 }, () => {
  let place: ImageWorkplace;
  let serve: Serve;
  let digest: string;

  before(async () => {
    place = await ImageWorkplace.open();
    const image = testImage({ compression: 'gzip', layers: [busybox(), [{ path: 'mark', body: 'served' }]] });
    await place.load(ociLayout(image, 'app:1'));
    await place.engine.expect(['tag', 'app:1', 'ghcr.io/some/app:2']);
    digest = (await place.inspect('app:1')).Id;
    serve = await Serve.start(place.engine);
  });
  after(async () => {
    await serve?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  });

  test('gives skopeo what is here, byte for byte', { skip: whyNoSkopeo }, async () => {
    using folder = scratchFolder();
    for (const name of ['app:1', 'library/app:1', 'ghcr.io/some/app:2']) {
      const source = `docker://${serve.address}/${name}`;
      const raw = await skopeo('inspect', '--raw', '--tls-verify=false', source);
      assert.equal(JSON.parse(raw).schemaVersion, 2);
      await skopeo('copy', '-q', '--src-tls-verify=false', source, `dir:${folder.path(name.replace(/\W/g, '-'))}`);
    }
    const tags = await skopeo('list-tags', '--tls-verify=false', `docker://${serve.address}/app`);
    assert.deepEqual((JSON.parse(tags) as { Tags: string[] }).Tags, ['1']);
    const pinned = `docker://${serve.address}/app@${digest}`;
    await skopeo('copy', '-q', '--src-tls-verify=false', pinned, `dir:${folder.path('pinned')}`);
  });

  test('gives docker pull an image that runs', { skip: whyNoDockerd, timeout: 300_000 }, async () => {
    await using dockerd = await Dockerd.start();
    const out = await dockerd.expect(['pull', `${serve.address}/app:1`]);
    assert.match(out, new RegExp(`Digest: ${digest}`));
    const again = await dockerd.expect(['pull', `${serve.address}/ghcr.io/some/app:2`]);
    assert.match(again, new RegExp(`Digest: ${digest}`));
  });

  test('gives ctr images pull what is here, and containerd as a mirror', { skip: whyNoContainerd }, async () => {
    const containerd = await Containerd.start();
    assert.ok(containerd !== undefined);
    await using _ = containerd;
    const pull = ['images', 'pull', '--plain-http', '--snapshotter', 'native'];
    await containerd.expect([...pull, `${serve.address}/library/app:1`]);
    const list = await containerd.expect(['images', 'ls']);
    assert.ok(list.includes(digest), list);
    using folder = scratchFolder();
    mkdirSync(folder.path('docker.io'));
    const hosts = `[host."http://${serve.address}"]\n  capabilities = ["pull", "resolve"]\n`;
    writeFileSync(folder.path('docker.io/hosts.toml'), hosts);
    const mirrored = ['images', 'pull', '--hosts-dir', folder.path(''), '--snapshotter', 'native'];
    await containerd.expect([...mirrored, 'docker.io/library/app:1']);
    assert.match(await containerd.expect(['images', 'ls', '-q']), /^docker\.io\/library\/app:1$/m);
  });

  test('lets nobody to anything but the registry, and to nothing that writes', async () => {
    const server = { host: '127.0.0.1', port: serve.port };
    for (const page of [
      '/berth/v1/ping',
      '/v2/../berth/v1/ping',
      '/v2/%2e%2e/berth/v1/ping',
      '/v2/..\\berth\\v1/ping',
      '//berth/v1/ping',
      '/v2/..%2fberth%2fv1%2fping',
      '/v2/x/../../berth/v1/ping',
      '/',
    ]) {
      const { status, body } = await ask(server, 'GET', page);
      assert.ok(status === 404 || status === 400, `${page}: ${status} ${body.toString()}`);
      assert.ok(!body.includes('"pid"'), page);
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      assert.equal((await ask(server, method, '/v2/app/manifests/1', { body: 'x' })).status, 405);
    }
    const headers = { 'berth-reach': 'namespace', 'berth-namespace': 'other' };
    assert.equal((await ask(server, 'GET', '/v2/app/manifests/1', { headers })).status, 200);
  });

  test('has another namespace when told, and TLS', async () => {
    using folder = scratchFolder();
    mkdirSync(folder.path('tls'));
    const { ca, certificate, key } = makeCertificate(folder.path('tls'));
    const flags = ['--tls-cert', certificate, '--tls-key', key, '--namespace', 'other'];
    await using secure = await Serve.start(place.engine, flags);
    assert.match(secure.output, /images of other on https:/);
    const status = await new Promise<number>((resolve, reject) => {
      const options = { ca: readFileSync(ca), agent: false } as const;
      const url = `https://${secure.address}/v2/app/manifests/1`;
      get(url, options, (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject);
    });
    assert.equal(status, 404);
    const wrong = await place.engine.berth(['serve', '--tls-cert', ca]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /--tls-key/);
  });

  test('warns whoever opens it to others', async () => {
    await using open = await Serve.start(place.engine, ['--listen', '0.0.0.0:0']);
    assert.match(open.output, /warning: whoever reaches/);
  });

  test('says what is in the way of listening', async () => {
    const taken = await place.engine.berth(['serve', '--listen', serve.address]);
    assert.equal(taken.code, 1);
    assert.match(taken.stderr, /EADDRINUSE/);
    const bad = await place.engine.berth(['serve', '--listen', 'nowhere']);
    assert.equal(bad.code, 125);
  });

  test('is the daemon itself when its configuration says so', async () => {
    using folder = scratchFolder();
    writeFileSync(folder.path('berthd.toml'), '[serve]\nlisten = "127.0.0.1:0"\n');
    await using engine = await Engine.start({ env: { BERTH_CONFIG: folder.path('berthd.toml') } });
    // Told before the daemon answers on its socket.
    const port = Number(/"address":"127\.0\.0\.1:(\d+)"/.exec(engine.log)?.[1]);
    const server = { host: '127.0.0.1', port };
    assert.equal((await ask(server, 'GET', '/v2/')).status, 200);
    assert.equal((await ask(server, 'GET', '/berth/v1/ping')).status, 404);
    assert.equal((await ask(server, 'POST', '/v2/app/blobs/uploads/')).status, 405);
  });

  test('goes on over a restart of the daemon, and leaves nothing when it ends', async () => {
    const own = await Serve.start(place.engine);
    const server = { host: '127.0.0.1', port: own.port };
    await place.engine.stop();
    assert.equal((await ask(server, 'GET', '/v2/')).status, 503);
    await place.engine.launch();
    assert.equal((await ask(server, 'GET', '/v2/')).status, 200);
    assert.equal(await own.stop(), 0);
    assert.equal(serve.output.includes('warning'), false);
  });
});

describe('the daemon as a registry to push to', { skip: whySkipped || whyNoSkopeo, timeout: 400_000 }, () => {
  test('takes an image from skopeo, which runs, and goes without a trace', async () => {
    await using place = await ImageWorkplace.open();
    const start = belongings(place.engine);
    await using door = await forwardTo(place.engine.socket);
    const image = testImage({ compression: 'gzip', layers: [busybox(), [{ path: 'mark', body: 'pushed' }]] });
    const file = place.write(archive(ociLayout(image, 'pushed:1')));
    const source = `oci-archive:${file}`;
    await skopeo('copy', '-q', '--dest-tls-verify=false', source, `docker://${door.address}/pushed:1`);
    assert.deepEqual(await place.names(), ['pushed:1']);
    assert.equal(await place.shell('pushed:1', 'cat /mark'), 'pushed');
    // Unpacked for the first container, and kept for the next, whatever is collected.
    await place.engine.expect(['tag', 'pushed:1', 'gone:1']);
    await place.engine.expect(['rmi', 'gone:1']);
    assert.equal(place.snapshots().length, image.layers.length);
    const sent = door.received();
    await skopeo('copy', '-q', '--dest-tls-verify=false', source, `docker://${door.address}/other/name:2`);
    assert.ok(door.received() - sent < 50_000, `${door.received() - sent} bytes for what was there`);
    await place.engine.expect(['rmi', '-f', 'pushed:1', 'other/name:2']);
    await assertNothingLeft(place.engine, start);
  });

  test('takes what docker and ctr push', { skip: whyNoDockerd || whyNoContainerd }, async () => {
    await using place = await ImageWorkplace.open();
    await using door = await forwardTo(place.engine.socket);
    const image = testImage({ compression: 'gzip', layers: [busybox(), [{ path: 'mark', body: 'by others' }]] });
    const file = place.write(archive(ociLayout(image, 'docker.io/library/app:1')));
    {
      await using dockerd = await Dockerd.start();
      await dockerd.load(archive(newDockerArchive(image, 'app:1')));
      await dockerd.expect(['tag', 'app:1', `${door.address}/by-docker:1`]);
      const out = await dockerd.expect(['push', `${door.address}/by-docker:1`]);
      const digest = /digest: (sha256:\w+)/.exec(out)?.[1];
      assert.equal((await place.inspect('by-docker:1')).Id, digest);
    }
    const containerd = await Containerd.start();
    assert.ok(containerd !== undefined);
    await using _ = containerd;
    await containerd.expect(['images', 'import', '--no-unpack', file]);
    await containerd.expect(['images', 'push', '--plain-http', `${door.address}/by-ctr:1`, 'docker.io/library/app:1']);
    for (const name of ['by-docker:1', 'by-ctr:1']) assert.equal(await place.shell(name, 'cat /mark'), 'by others');
  });
});
