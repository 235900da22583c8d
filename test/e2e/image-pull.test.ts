import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, whySkipped } from '../harness/engine.ts';
import { busybox, type TestImage, testImage } from '../harness/images.ts';
import { eventPatience } from '../harness/patience.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';
import { ImageWorkplace } from './image-workplace.ts';
import { seed } from './registry-image.ts';
import { SlowRegistry } from './slow-registry.ts';

const mebibyte = 1 << 20;

/** Busybox, and layers with a file each that does not compress. */
function bigImage(...sizes: readonly number[]): TestImage {
  const files = sizes.map((size, n) => [{ path: `data-${n}`, body: randomBytes(size) }]);
  return testImage({ layers: [busybox(), ...files], compression: 'gzip' });
}

describe('berth pull', { skip: whySkipped || whyNoRegistry }, () => {
  let registry: Registry;
  let slow: SlowRegistry;
  before(async () => {
    registry = await Registry.start();
    slow = await SlowRegistry.before(registry);
  });
  after(async () => {
    await slow[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  it('brings an image that then runs, with the digest that the registry has for it', async () => {
    const digest = await seed(registry, 'app:1', testImage({ compression: 'gzip' }));
    await using place = await ImageWorkplace.open();
    const ref = `${slow.host}/app:1`;
    assert.match(await place.engine.expect(['pull', ref]), new RegExp(`Digest: ${digest}`));
    assert.equal((await place.inspect(ref)).Id, digest);
    assert.equal(await place.shell(ref, 'echo runs'), 'runs');
    slow.requests.length = 0;
    assert.match(await place.engine.expect(['pull', ref]), /up to date/);
    assert.deepEqual(
      slow.requests.filter((request) => !request.includes(' /v2/ ')),
      ['HEAD /v2/app/manifests/1'],
    );
  });

  it('tells what is wrong: no such image, no such registry', async () => {
    await using place = await ImageWorkplace.open();
    const unknown = await place.engine.berth(['pull', `${registry.host}/nothing:1`]);
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stderr, /nothing/);
    // Port 1 of this machine: nobody listens.
    const unreachable = await place.engine.berth(['pull', 'localhost:1/app:1'], { timeout: 4 * eventPatience });
    assert.notEqual(unreachable.code, 0);
    assert.match(unreachable.stderr, /localhost:1/);
    assert.deepEqual(await place.names(), []);
  });

  it('goes on after kills of the daemon where the bytes ended', async () => {
    const image = bigImage(6 * mebibyte, 9 * mebibyte);
    await seed(registry, 'killed:1', image);
    await using place = await ImageWorkplace.open();
    const ref = `${slow.host}/killed:1`;
    const size = image.layers.reduce((sum, { bytes }) => sum + bytes.length, image.config.bytes.length);
    slow.served = 0;
    slow.pause = 20;
    const kills = 3;
    for (let kill = 1; kill <= kills; kill++) {
      const until = Math.floor((size * kill) / (kills + 1)) + randomInt(mebibyte);
      const pull = place.engine.berth(['pull', '-q', ref]).catch(() => undefined);
      while (slow.served < until) await sleep(5);
      await place.engine.kill9();
      await pull;
      await place.engine.launch();
      assert.deepEqual(await place.names(), []);
    }
    slow.pause = 0;
    await place.engine.expect(['pull', '-q', ref]);
    assert.equal(await place.shell(ref, 'wc -c < /data-1'), String(9 * mebibyte));
    // On the way when it was killed: what was not yet written, for each layer that was coming.
    const lost = slow.served - size;
    assert.ok(lost < kills * 3 * 2 * mebibyte, `${lost} of ${size} bytes were fetched twice`);
  });

  it('of one image by several at once is one download', async () => {
    const image = bigImage(4 * mebibyte);
    await seed(registry, 'shared:1', image);
    await using place = await ImageWorkplace.open();
    slow.served = 0;
    slow.pause = 10;
    const pulls = Array.from({ length: 3 }, () => place.engine.expect(['pull', '-q', `${slow.host}/shared:1`]));
    await Promise.all(pulls);
    slow.pause = 0;
    const size = image.layers.reduce((sum, { bytes }) => sum + bytes.length, image.config.bytes.length);
    assert.equal(slow.served, size);
  });

  it('that its caller gives up stops, and leaves nothing that is seen', async () => {
    await seed(registry, 'given-up:1', bigImage(8 * mebibyte));
    await using place = await ImageWorkplace.open();
    slow.served = 0;
    slow.pause = 50;
    const pull = place.engine.berth(['pull', '-q', `${slow.host}/given-up:1`], { timeout: 700 });
    await assert.rejects(pull, /no end within/);
    const deadline = Date.now() + eventPatience;
    while ((place.snapshots().length > 0 || place.blobs().length > 0) && Date.now() < deadline) await sleep(20);
    slow.pause = 0;
    assert.deepEqual([place.snapshots(), place.blobs(), await place.names()], [[], [], []]);
    const { served } = slow;
    await sleep(300);
    assert.equal(slow.served, served);
  });

  it('does not keep the daemon from ending', async () => {
    await seed(registry, 'ended:1', bigImage(8 * mebibyte));
    await using place = await ImageWorkplace.open();
    slow.served = 0;
    slow.pause = 50;
    const pull = place.engine.berth(['pull', '-q', `${slow.host}/ended:1`]);
    while (slow.served < mebibyte) await sleep(5);
    await place.engine.stop();
    slow.pause = 0;
    assert.notEqual((await pull).code, 0);
    assert.match(place.engine.log, /berthd ends/);
    assert.doesNotMatch(place.engine.log, /"level":"error"|\n +at /);
    await place.engine.launch();
    await place.engine.expect(['pull', '-q', `${slow.host}/ended:1`]);
  });

  it('survives a registry that goes away in between', async () => {
    await seed(registry, 'gone:1', bigImage(6 * mebibyte));
    await using place = await ImageWorkplace.open();
    slow.served = 0;
    slow.pause = 20;
    const pull = place.engine.expect(['pull', '-q', `${slow.host}/gone:1`]);
    while (slow.served < 2 * mebibyte) await sleep(5);
    await registry.kill();
    await sleep(100);
    await registry.launch();
    slow.pause = 0;
    await pull;
    assert.equal(await place.shell(`${slow.host}/gone:1`, 'wc -c < /data-0'), String(6 * mebibyte));
  });

  it('takes mirrors and credentials from the files that the configuration names', async () => {
    const user = { username: 'user', password: 'secret' };
    await using locked = await Registry.start({ htpasswd: user });
    await seed(registry, 'mirrored:1', testImage({ compression: 'gzip' }));
    const home = mkdtempSync('/tmp/bt-config-');
    try {
      mkdirSync(path.join(home, 'mirror.test:5000'));
      const mirror = `[host."${registry.url}"]\ncapabilities = ["pull", "resolve"]\n`;
      writeFileSync(path.join(home, 'mirror.test:5000/hosts.toml'), `server = "https://mirror.test:5000"\n${mirror}`);
      const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64');
      writeFileSync(path.join(home, 'credentials.json'), JSON.stringify({ auths: { [locked.host]: { auth } } }));
      const config = path.join(home, 'berthd.toml');
      writeFileSync(
        config,
        `[registry]\nhosts = ["${home}"]\ncredentials = "${home}/credentials.json"\n[image]\nconcurrent_downloads = 1\n`,
      );
      await using engine = await Engine.start({ env: { BERTH_CONFIG: config } });
      await engine.expect(['pull', '-q', 'mirror.test:5000/mirrored:1']);
      await engine.expect(['tag', 'mirror.test:5000/mirrored:1', `${locked.host}/app:1`]);
      const env = { DOCKER_CONFIG: path.join(home, 'none') };
      await engine.expect(['push', '-q', `${locked.host}/app:1`], { env });
      await engine.expect(['rmi', `${locked.host}/app:1`]);
      await engine.expect(['pull', '-q', `${locked.host}/app:1`], { env });
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
