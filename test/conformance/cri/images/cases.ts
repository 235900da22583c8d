import assert from 'node:assert/strict';
import { credentials } from '../../../harness/cri-images.ts';
import type { Case } from '../suite/case.ts';
import type { Kubelet } from '../suite/kubelet.ts';
import { anyRefusal, refused } from '../suite/refused.ts';
import { until } from '../suite/until.ts';

async function statusOf(kubelet: Kubelet, image: string) {
  return (await kubelet.images.imageStatus({ image: { image } })).image;
}

async function pull(kubelet: Kubelet, image: string): Promise<string> {
  return (await kubelet.images.pullImage({ image: { image } })).imageRef;
}

/** Bytes that all images use together, as the first file system says, which is the one that kubelet reads. */
async function usedBytes(kubelet: Kubelet): Promise<bigint> {
  const { imageFilesystems } = await kubelet.images.imageFsInfo();
  return imageFilesystems[0]?.usedBytes?.value ?? 0n;
}

export const cases: readonly Case[] = [
  {
    name: 'a pull answers the id of the image',
    run: async (kubelet) => {
      const { repository, configDigest } = await kubelet.target.images.fresh();
      const id = await pull(kubelet, `${repository}:1`);
      assert.equal(id, configDigest);
      assert.equal((await statusOf(kubelet, `${repository}:1`))?.id, id);
    },
  },
  {
    name: 'an image has its tags, digests and size',
    run: async (kubelet) => {
      const { repository, digest } = await kubelet.target.images.fresh();
      await pull(kubelet, `${repository}:1`);
      const image = await statusOf(kubelet, `${repository}:1`);
      assert.deepEqual(image?.repoTags, [`${repository}:1`]);
      assert.deepEqual(image?.repoDigests, [`${repository}@${digest}`]);
      assert.ok(image.size > 100_000n && image.size < 10_000_000n, String(image.size));
    },
  },
  {
    name: 'an image is known by tag, digest, both, and id',
    run: async (kubelet) => {
      const { repository, digest } = await kubelet.target.images.fresh();
      const id = await pull(kubelet, `${repository}:1`);
      for (const name of [`${repository}:1`, `${repository}@${digest}`, id, id.replace('sha256:', '')])
        assert.equal((await statusOf(kubelet, name))?.id, id, name);
    },
  },
  {
    name: 'a name without a tag is latest',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh(['latest']);
      const id = await pull(kubelet, repository);
      assert.equal((await statusOf(kubelet, `${repository}:latest`))?.id, id);
      assert.equal((await statusOf(kubelet, repository))?.id, id);
    },
  },
  {
    name: 'an image is pulled by its digest, and has no tag',
    run: async (kubelet) => {
      const { repository, digest, configDigest } = await kubelet.target.images.fresh();
      assert.equal(await pull(kubelet, `${repository}@${digest}`), configDigest);
      const image = await statusOf(kubelet, `${repository}@${digest}`);
      assert.deepEqual([image?.repoTags, image?.repoDigests], [[], [`${repository}@${digest}`]]);
    },
  },
  {
    name: 'several tags of one image are one image',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh(['1', '2', '3']);
      const ids: string[] = [];
      for (const tag of ['1', '2', '3']) ids.push(await pull(kubelet, `${repository}:${tag}`));
      assert.equal(new Set(ids).size, 1);
      const { images } = await kubelet.images.listImages();
      const [image, ...others] = images.filter(({ id }) => id === ids[0]);
      assert.deepEqual(
        image?.repoTags.toSorted(),
        ['1', '2', '3'].map((tag) => `${repository}:${tag}`),
      );
      assert.equal(others.length, 0, 'it is listed once');
    },
  },
  {
    name: 'a list may be of one image only',
    containerdDeviates: 'it takes no notice of the filter',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh();
      const id = await pull(kubelet, `${repository}:1`);
      const list = async (image: string) => (await kubelet.images.listImages({ filter: { image: { image } } })).images;
      assert.deepEqual(
        (await list(`${repository}:1`)).map((image) => image.id),
        [id],
      );
      assert.deepEqual(await list('localhost/nobody:1'), []);
    },
  },
  {
    name: 'the removal of one name removes all of the image',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh(['1', '2']);
      for (const tag of ['1', '2']) await pull(kubelet, `${repository}:${tag}`);
      await kubelet.images.removeImage({ image: { image: `${repository}:1` } });
      for (const tag of ['1', '2']) assert.equal(await statusOf(kubelet, `${repository}:${tag}`), undefined);
    },
  },
  {
    name: 'an image is removed by its id',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh();
      const id = await pull(kubelet, `${repository}:1`);
      await kubelet.images.removeImage({ image: { image: id } });
      assert.equal(await statusOf(kubelet, id), undefined);
      const { images } = await kubelet.images.listImages();
      assert.ok(!images.some((image) => image.id === id));
    },
  },
  {
    name: 'to remove an image that is not there is success, several times at once too',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh();
      await pull(kubelet, `${repository}:1`);
      const image = { image: `${repository}:1` };
      await Promise.all([1, 2, 3].map(() => kubelet.images.removeImage({ image })));
      await kubelet.images.removeImage({ image });
    },
  },
  {
    name: 'the status of an image that is not there is empty, and no error',
    run: async (kubelet) => assert.equal(await statusOf(kubelet, 'localhost/nobody:1'), undefined),
  },
  {
    name: 'an image can be pulled again',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh();
      const id = await pull(kubelet, `${repository}:1`);
      assert.equal(await pull(kubelet, `${repository}:1`), id);
      await kubelet.images.removeImage({ image: { image: id } });
      assert.equal(await pull(kubelet, `${repository}:1`), id);
    },
  },
  {
    name: 'an image is pulled several times at once',
    run: async (kubelet) => {
      const { repository, configDigest } = await kubelet.target.images.fresh();
      const ids = await Promise.all([1, 2, 3, 4].map(() => pull(kubelet, `${repository}:1`)));
      assert.deepEqual(new Set(ids), new Set([configDigest]));
    },
  },
  {
    name: "a user of the image's config is told, as a number or a name",
    run: async (kubelet) => {
      const [number, name, root] = [
        await kubelet.image('user'),
        await kubelet.image('user-name'),
        await kubelet.image(),
      ];
      assert.equal((await statusOf(kubelet, number))?.uid?.value, 1000n);
      assert.equal((await statusOf(kubelet, number))?.username, '');
      assert.equal((await statusOf(kubelet, name))?.username, 'app');
      assert.equal((await statusOf(kubelet, name))?.uid, undefined);
      assert.equal((await statusOf(kubelet, root))?.username, '');
    },
  },
  {
    name: "a verbose status has the image's config as JSON",
    run: async (kubelet) => {
      const image = await kubelet.image('words');
      const { info } = await kubelet.images.imageStatus({ image: { image }, verbose: true });
      const { imageSpec } = JSON.parse(info['info'] ?? '{}') as { imageSpec?: { config?: { WorkingDir?: string } } };
      assert.equal(imageSpec?.config?.WorkingDir, '/tmp');
    },
  },
  {
    name: 'an image that the registry has not is refused, and named',
    run: async (kubelet) => {
      const { registry } = kubelet.target.images;
      const message = await refused(pull(kubelet, `${registry.host}/no-such-image:1`), ...anyRefusal);
      assert.match(message, /no-such-image/);
    },
  },
  {
    name: 'a tag that the image has not is refused',
    run: async (kubelet) => {
      const { repository } = await kubelet.target.images.fresh();
      await refused(pull(kubelet, `${repository}:no-such-tag`), ...anyRefusal);
    },
  },
  ...['', ':::', 'UPPER/case:1', 'localhost:1/../x'].map((name): Case => ({
    name: `'${name}' is no name of an image`,
    run: async (kubelet) => void (await refused(pull(kubelet, name), ...anyRefusal)),
  })),
  {
    name: 'a pull without an image is refused',
    run: async (kubelet) => void (await refused(kubelet.images.pullImage({}), ...anyRefusal)),
  },
  {
    name: 'credentials of a pull are used',
    run: async (kubelet) => {
      const { guarded } = kubelet.target.images;
      const { path } = await kubelet.target.images.fresh();
      const image = { image: `${guarded.host}/${path}:1` };
      await refused(kubelet.images.pullImage({ image }));
      await refused(kubelet.images.pullImage({ image, auth: { username: 'kubelet', password: 'wrong' } }));
      await kubelet.images.pullImage({ image, auth: { ...credentials } });
      await kubelet.images.removeImage({ image });
    },
  },
  {
    name: 'credentials may come encoded',
    run: async (kubelet) => {
      const { guarded } = kubelet.target.images;
      const { path } = await kubelet.target.images.fresh();
      const auth = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
      await kubelet.images.pullImage({ image: { image: `${guarded.host}/${path}:1` }, auth: { auth } });
    },
  },
  {
    name: 'the file system of images has a place, and a use that is counted',
    run: async (kubelet) => {
      await kubelet.image();
      // A peer counts every some seconds.
      await until(async () => (await usedBytes(kubelet)) > 0n, 'the use is counted');
      const [first] = (await kubelet.images.imageFsInfo()).imageFilesystems;
      assert.notEqual(first?.fsId?.mountpoint ?? '', '');
      assert.ok((first?.timestamp ?? 0n) > 0n);
      assert.ok((first?.inodesUsed?.value ?? 0n) > 0n);
    },
  },
  {
    name: 'the use grows with a pull, and falls with the removal, at once',
    containerdDeviates: 'it counts every ten seconds, and only what is unpacked',
    run: async (kubelet) => {
      const size = 48n << 20n;
      const { repository } = await kubelet.target.images.fresh(['1'], { bytes: Number(size) });
      // Others pull and remove small images meanwhile.
      const noise = 16n << 20n;
      const before = await usedBytes(kubelet);
      const id = await pull(kubelet, `${repository}:1`);
      const between = await usedBytes(kubelet);
      assert.ok(between - before > size - noise, `${before} ${between}`);
      await kubelet.images.removeImage({ image: { image: id } });
      const after = await usedBytes(kubelet);
      assert.ok(between - after > size - noise, `${between} ${after}`);
    },
  },
];
