import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isKind, type ErrorKind } from '@berth/model/error';
import { ImageService } from '@berth/wire/gen/cri/v1/api_pb';
import { CriClient } from '../harness/cri-client.ts';
import { credentials, CriImages, type FreshImage } from '../harness/cri-images.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { testImage } from '../harness/images.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { seed, seedIndex } from './registry-image.ts';
import { SlowRegistry } from './slow-registry.ts';

const kindOf = (kind: ErrorKind) => (error: unknown) => isKind(error, kind);

describe('images over the CRI', { skip: whySkipped || whyNoRegistry }, () => {
  const folder = mkdtempSync('/tmp/bt-cri-');
  const cleanup = new AsyncDisposableStack();
  let engine: Engine;
  let cri: CriClient;
  let images: CriImages;

  before(async () => {
    images = cleanup.use(await CriImages.start());
    const file = path.join(folder, 'berthd.toml');
    writeFileSync(file, `[cri]\npause_image = "${images.registry.host}/pause:1"\n`);
    engine = cleanup.use(await Engine.start({ env: { BERTH_CONFIG: file } }));
    cri = cleanup.use(await CriClient.open(engine.socket));
  });

  after(async () => {
    await cleanup.disposeAsync();
    rmSync(folder, { recursive: true });
  });

  async function pull(ref: string): Promise<string> {
    return (await cri.images.pullImage({ image: { image: ref } })).imageRef;
  }

  async function look(ref: string) {
    return (await cri.images.imageStatus({ image: { image: ref } })).image;
  }

  async function remove(ref: string): Promise<void> {
    await cri.images.removeImage({ image: { image: ref } });
  }

  async function used(): Promise<bigint> {
    const { imageFilesystems } = await cri.images.imageFsInfo();
    return imageFilesystems[0]?.usedBytes?.value ?? 0n;
  }

  /** An image that was pulled by its tag. */
  async function pulled(tags: readonly string[] = ['1']): Promise<FreshImage> {
    const image = await images.fresh(tags);
    for (const tag of tags) assert.equal(await pull(`${image.repository}:${tag}`), image.configDigest);
    return image;
  }

  /** An image with this in its config. @returns its id */
  async function pulledWith(name: string, run: Readonly<Record<string, unknown>>): Promise<string> {
    await seed(images.registry, `${name}:1`, testImage({ run }));
    return await pull(`${images.registry.host}/${name}:1`);
  }

  test("an image's id is its config's digest, whichever way it is asked for", async () => {
    const { repository, digest, configDigest } = await pulled();
    const refs = [
      `${repository}:1`,
      `${repository}@${digest}`,
      `${repository}:1@${digest}`,
      configDigest,
      configDigest.slice('sha256:'.length),
      configDigest.slice('sha256:'.length, 20),
      digest,
    ];
    for (const ref of refs) {
      const image = await look(ref);
      assert.equal(image?.id, configDigest, ref);
      assert.deepEqual(image.repoTags, [`${repository}:1`]);
      assert.deepEqual(image.repoDigests, [`${repository}@${digest}`]);
      assert.ok(image.size > 0n);
    }
    assert.equal(await look(`${repository}:2`), undefined);
    assert.equal(await look('sha256:0000000000000000000000000000000000000000000000000000000000000000'), undefined);
  });

  test('names are found in any familiar form', async () => {
    const { repository, configDigest } = await pulled();
    await engine.expect(['tag', `${repository}:1`, 'familiar:7']);
    for (const ref of ['familiar:7', 'library/familiar:7', 'docker.io/familiar:7', 'docker.io/library/familiar:7'])
      assert.equal((await look(ref))?.id, configDigest, ref);
    assert.equal(await look('familiar'), undefined);
    assert.ok((await look(configDigest))?.repoTags.includes('docker.io/library/familiar:7'));
    await remove('familiar:7');
    assert.equal(await look(`${repository}:1`), undefined);
  });

  test('an image that was pulled by tag and digest has no tag, as its peers have it', async () => {
    const { repository, digest, configDigest } = await images.fresh();
    assert.equal(await pull(`${repository}:1@${digest}`), configDigest);
    const image = await look(`${repository}:1@${digest}`);
    assert.deepEqual([image?.repoTags, image?.repoDigests], [[], [`${repository}@${digest}`]]);
    await remove(`${repository}@${digest}`);
    assert.equal(await look(configDigest), undefined);
  });

  test('an image with several tags is listed once, with all of them', async () => {
    const { repository, digest, configDigest } = await pulled(['a', 'b', 'c']);
    const listed = (await cri.images.listImages()).images.filter(({ id }) => id === configDigest);
    assert.equal(listed.length, 1);
    assert.deepEqual(
      listed[0]?.repoTags.toSorted(),
      ['a', 'b', 'c'].map((tag) => `${repository}:${tag}`),
    );
    assert.deepEqual(listed[0]?.repoDigests, [`${repository}@${digest}`]);
    const streamed: string[] = [];
    for await (const { images: part } of cri.channel.serverStream(ImageService.method.streamImages, {}))
      streamed.push(...part.map(({ id }) => id));
    const all = (await cri.images.listImages()).images.map(({ id }) => id);
    assert.deepEqual(streamed.toSorted(), all.toSorted());
    const filter = { image: { image: `${repository}:b` } };
    const filtered = (await cri.images.listImages({ filter })).images.map(({ id }) => id);
    assert.deepEqual(filtered, [configDigest]);
    assert.deepEqual((await cri.images.listImages({ filter: { image: { image: 'absent:1' } } })).images, []);
  });

  test('a manifest and an index that has it are one image', async () => {
    const image = testImage({ run: { Labels: { of: 'an index' } } });
    const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };
    const manifest = await seed(images.registry, 'both:plain', image);
    const index = await seedIndex(images.registry, 'both:index', [{ image, platform }]);
    const repository = `${images.registry.host}/both`;
    const id = image.config.digest;
    for (const tag of ['plain', 'index']) assert.equal(await pull(`${repository}:${tag}`), id);
    for (const ref of [id, id.slice(7, 30), `${repository}:plain`, `${repository}@${index}`]) {
      const found = await look(ref);
      assert.equal(found?.id, id, ref);
      assert.deepEqual(found.repoTags.toSorted(), [`${repository}:index`, `${repository}:plain`]);
      const digests = [`${repository}@${index}`, `${repository}@${manifest}`];
      assert.deepEqual(found.repoDigests.toSorted(), digests.toSorted());
    }
    assert.equal((await cri.images.listImages()).images.filter((one) => one.id === id).length, 1);
    await remove(`${repository}:index`);
    assert.equal(await look(`${repository}:plain`), undefined);
  });

  test('an image that was pulled by digest has no tag', async () => {
    const { repository, digest, configDigest } = await images.fresh();
    assert.equal(await pull(`${repository}@${digest}`), configDigest);
    const image = await look(configDigest);
    assert.deepEqual([image?.repoTags, image?.repoDigests], [[], [`${repository}@${digest}`]]);
  });

  test('the user is a number or a name, never both', async () => {
    const users = [
      ['1002', 1002n, ''],
      ['1002:1003', 1002n, ''],
      ['app', undefined, 'app'],
      ['app:video', undefined, 'app'],
      ['0', 0n, ''],
      ['', undefined, ''],
    ] as const;
    for (const [at, [user, uid, username]] of users.entries()) {
      const image = await look(await pulledWith(`user-${at}`, { User: user }));
      assert.deepEqual([image?.uid?.value, image?.username], [uid, username], user);
    }
  });

  test('removing one name removes the image with all of them, at once, and its bytes', async () => {
    const empty = await used();
    const { repository, configDigest } = await pulled(['a', 'b']);
    assert.ok((await used()) > empty);
    await remove(`${repository}:a`);
    for (const ref of [`${repository}:a`, `${repository}:b`, configDigest]) assert.equal(await look(ref), undefined);
    assert.ok((await cri.images.listImages()).images.every(({ id }) => id !== configDigest));
    assert.equal(await used(), empty);
    // And again.
    await remove(`${repository}:a`);
    await remove(configDigest);
  });

  test('many that remove the same image at once all succeed', async () => {
    const { repository, configDigest } = await pulled(['a', 'b']);
    const refs = [`${repository}:a`, `${repository}:b`, configDigest];
    await Promise.all([...refs, ...refs, ...refs].map(remove));
    assert.equal(await look(configDigest), undefined);
  });

  test('an image that a container of another door needs stays there, and is gone from here', async () => {
    const { repository, configDigest } = await pulled();
    await engine.expect(['create', '--name', 'needs', `${repository}:1`, 'true']);
    await remove(configDigest);
    assert.equal(await look(configDigest), undefined);
    assert.match(await engine.expect(['images']), new RegExp(repository));
    await engine.expect(['start', 'needs']);
    await engine.expect(['rm', '-f', 'needs']);
  });

  test('what berth pulls kubelet sees, and what kubelet removes of it berth keeps', async () => {
    const { repository, configDigest } = await images.fresh();
    await engine.expect(['pull', '-q', `${repository}:1`]);
    assert.equal((await look(`${repository}:1`))?.id, configDigest);
    const both = await used();
    await remove(configDigest);
    assert.equal(await look(configDigest), undefined);
    assert.match(await engine.expect(['images']), new RegExp(repository));
    assert.equal(await used(), both);
    await engine.expect(['rmi', `${repository}:1`]);
    assert.ok((await used()) < both);
  });

  test('what kubelet pulls berth sees, and loses with kubelet unless it asked for it too', async () => {
    const [seen, asked] = [await pulled(), await pulled()];
    await engine.expect(['pull', '-q', `${asked.repository}:1`]);
    for (const { configDigest } of [seen, asked]) await remove(configDigest);
    const left = await engine.expect(['images']);
    assert.doesNotMatch(left, new RegExp(seen.repository));
    assert.match(left, new RegExp(asked.repository));
    await engine.expect(['rmi', `${asked.repository}:1`]);
  });

  test('the pause image of the configuration is pinned, and can be removed', async () => {
    const ref = await images.reference('pause');
    await pull(ref);
    assert.equal((await look(ref))?.pinned, true);
    assert.equal((await look((await pulled()).configDigest))?.pinned, false);
    await remove(ref);
    assert.equal(await look(ref), undefined);
  });

  test('a tag that moves takes the new image; the old one keeps its id alone', async () => {
    const first = await pulled();
    const { path: name } = first;
    const second = await images.fresh();
    const { registry } = images;
    const type = 'application/vnd.oci.image.manifest.v1+json';
    // The second one's manifest under the first one's tag: its blobs are mounted from where they are.
    const got = await fetch(`${registry.url}/v2/${second.path}/manifests/1`, { headers: { accept: type } });
    const body = await got.arrayBuffer();
    const { config, layers } = JSON.parse(Buffer.from(body).toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    for (const { digest } of [config, ...layers]) {
      const mount = `${registry.url}/v2/${name}/blobs/uploads/?mount=${digest}&from=${second.path}`;
      assert.equal((await fetch(mount, { method: 'POST' })).status, 201);
    }
    const put = { method: 'PUT', headers: { 'content-type': type }, body };
    assert.equal((await fetch(`${registry.url}/v2/${name}/manifests/1`, put)).status, 201);
    assert.equal(await pull(`${first.repository}:1`), second.configDigest);
    assert.equal((await look(`${first.repository}:1`))?.id, second.configDigest);
    const old = await look(`${first.repository}@${first.digest}`);
    assert.equal(old?.id, first.configDigest);
    assert.deepEqual([old.repoTags, old.repoDigests], [[], [`${first.repository}@${first.digest}`]]);
    await remove(first.configDigest);
    assert.equal((await look(second.configDigest))?.id, second.configDigest);
  });

  test('credentials of the request are used for the registry that they are meant for', async () => {
    const { path: name, configDigest } = await images.fresh();
    const { host } = images.guarded;
    const image = { image: `${host}/${name}:1` };
    await assert.rejects(cri.images.pullImage({ image }), kindOf('unauthenticated'));
    await assert.rejects(
      cri.images.pullImage({ image, auth: { ...credentials, password: 'wrong' } }),
      kindOf('unauthenticated'),
    );
    await assert.rejects(
      cri.images.pullImage({ image, auth: { ...credentials, serverAddress: 'https://other.example/v1/' } }),
      kindOf('unauthenticated'),
    );
    const encoded = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
    for (const auth of [credentials, { ...credentials, serverAddress: `https://${host}/v2/` }, { auth: encoded }]) {
      assert.equal((await cri.images.pullImage({ image, auth })).imageRef, configDigest);
      await remove(configDigest);
    }
    await assert.rejects(cri.images.pullImage({ image, auth: { auth: '????' } }), kindOf('invalid_argument'));
  });

  test('a registry that does not answer is told in the words that kubelet knows', async () => {
    await assert.rejects(
      pull('localhost:1/app:1'),
      (error) => isKind(error, 'internal') && error.message.startsWith('RegistryUnavailable: '),
    );
    await assert.rejects(pull(`${images.registry.host}/absent:1`), kindOf('not_found'));
    await assert.rejects(pull('Not A Name'), kindOf('invalid_argument'));
    await assert.rejects(cri.images.pullImage({}), kindOf('invalid_argument'));
    await assert.rejects(
      cri.images.imageStatus({ image: { image: '' } }),
      (error) => isKind(error, 'invalid_argument') && error.message.includes('image.image'),
    );
  });

  test('pulls of the same image at once are one, and a client that gives up leaves it to the others', async () => {
    await using slow = await SlowRegistry.before(images.registry);
    slow.pause = 20;
    const { path: name, configDigest } = await images.fresh();
    const image = { image: `${slow.host}/${name}:1` };
    const late = cri.images.pullImage({ image }, { timeout: 50 });
    const others = [1, 2, 3].map(() => cri.images.pullImage({ image }));
    await assert.rejects(late, kindOf('deadline_exceeded'));
    for (const { imageRef } of await Promise.all(others)) assert.equal(imageRef, configDigest);
    const blobs = slow.requests.filter((request) => request.startsWith('GET') && request.includes('/blobs/'));
    assert.equal(new Set(blobs).size, blobs.length, blobs.join('\n'));
  });

  test('a pull ends when its only client gives up', async () => {
    await using slow = await SlowRegistry.before(images.registry);
    slow.pause = 200;
    const { path: name, configDigest } = await images.fresh();
    const image = { image: `${slow.host}/${name}:1` };
    await assert.rejects(cri.images.pullImage({ image }, { timeout: 300 }), kindOf('deadline_exceeded'));
    const { served } = slow;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.ok(slow.served - served <= 3 * 65_536, `${slow.served - served} bytes were fetched for nobody`);
    assert.equal(await look(configDigest), undefined);
  });

  test('the verbose status has the whole configuration', async () => {
    const image = await pulledWith('verbose', { Entrypoint: ['/bin/echo'] });
    const { info } = await cri.images.imageStatus({ image: { image }, verbose: true });
    const { imageSpec, chainID } = JSON.parse(info['info'] ?? '') as {
      imageSpec: { config: { Entrypoint: string[] } };
      chainID: string;
    };
    assert.deepEqual(imageSpec.config.Entrypoint, ['/bin/echo']);
    assert.match(chainID, /^sha256:/);
  });
});
