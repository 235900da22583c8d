import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { type TestImage, testImage } from '../harness/images.ts';
import { Registry, whyNoRegistry } from '../harness/registry.ts';
import { manifestOf, ociLayout } from '../harness/archives.ts';
import { ImageWorkplace, multiPlatform, ociIndex, ociManifest, withConfig } from './image-workplace.ts';
import { fetchManifest, seedIndex } from './registry-image.ts';

const hostArchitecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const host = { os: 'linux', architecture: hostArchitecture };
const other = { os: 'linux', architecture: 's390x' };

function forOther(image: TestImage): TestImage {
  return withConfig(image, { architecture: 's390x' });
}

describe('berth push', { skip: whySkipped || whyNoRegistry }, () => {
  let registry: Registry;
  before(async () => (registry = await Registry.start()));
  after(async () => await registry[Symbol.asyncDispose]());

  it('sends an image under its digest, which another engine pulls and runs', async () => {
    const image = testImage({ compression: 'gzip' });
    const ref = `${registry.host}/pushed:1`;
    {
      await using place = await ImageWorkplace.open();
      await place.load(ociLayout(image, ref));
      assert.match(await place.engine.expect(['push', ref]), new RegExp(manifestOf(image).digest));
    }
    assert.ok((await fetchManifest(registry, 'pushed', '1')).bytes.equals(manifestOf(image).bytes));
    await using place = await ImageWorkplace.open();
    await place.engine.expect(['pull', '-q', ref]);
    assert.equal(await place.shell(ref, 'echo runs'), 'runs');
  });

  it('to another repository of the same registry sends no layer that came from there', async () => {
    const image = testImage({ compression: 'gzip' });
    await seedIndex(registry, 'from:1', [{ image, platform: host }]);
    await using place = await ImageWorkplace.open();
    await place.engine.expect(['pull', '-q', `${registry.host}/from:1`]);
    await place.engine.expect(['tag', `${registry.host}/from:1`, `${registry.host}/to:1`]);
    await place.engine.expect(['push', '-q', `${registry.host}/to:1`]);
    const uploads = registry.log.split('\n').filter((line) => line.includes('/v2/to/blobs/uploads/'));
    assert.ok(uploads.length > 0);
    assert.ok(
      uploads.every((line) => line.includes('mount=')),
      uploads.join('\n'),
    );
    assert.equal((await fetchManifest(registry, 'to', '1')).mediaType, ociIndex);
  });

  it('of an index that is here in part says what is missing, and sends one platform when it is told to', async () => {
    const images = [testImage({ compression: 'gzip' }), forOther(testImage({ compression: 'gzip' }))] as const;
    const [own, foreign] = images;
    await seedIndex(registry, 'many:1', [
      { image: own, platform: host },
      { image: foreign, platform: other },
    ]);
    await using place = await ImageWorkplace.open();
    const ref = `${registry.host}/many:1`;
    const target = `${registry.host}/part:1`;
    await place.engine.expect(['pull', '-q', ref]);
    await place.engine.expect(['tag', ref, target]);
    const refused = await place.engine.berth(['push', '-q', target]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /linux\/s390x/);
    assert.match(refused.stderr, /--platform linux\//);
    assert.equal((await fetchManifest(registry, 'part', '1')).status, 404);
    const absent = await place.engine.berth(['push', '-q', '--platform', 'linux/s390x', target]);
    assert.match(absent.stderr, /linux\/s390x/);
    await place.engine.expect(['push', '-q', '--platform', `linux/${hostArchitecture}`, target]);
    const sent = await fetchManifest(registry, 'part', '1');
    assert.deepEqual([sent.mediaType, sent.digest], [ociManifest, manifestOf(own).digest]);
  });

  it('sends a whole index byte for byte', async () => {
    const own = testImage({ compression: 'gzip' });
    const children = [
      { image: own, platform: host },
      { image: forOther(own), platform: other },
    ];
    const name = `${registry.host}/whole:1`;
    const files = multiPlatform(children, name);
    await using place = await ImageWorkplace.open();
    await place.load(files);
    await place.engine.expect(['push', '-q', name]);
    const { digest, mediaType } = await fetchManifest(registry, 'whole', '1');
    assert.equal(mediaType, ociIndex);
    assert.equal((await place.inspect(name)).Id, digest);
  });

  it('refuses a name that is not here, and one with a digest', async () => {
    await using place = await ImageWorkplace.open();
    assert.match((await place.engine.berth(['push', `${registry.host}/nothing:1`])).stderr, /nothing:1/);
    const digest = manifestOf(testImage()).digest;
    assert.match((await place.engine.berth(['push', `${registry.host}/x@${digest}`])).stderr, /digest/);
  });
});
