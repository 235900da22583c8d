import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { manifestOf, ociLayout } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';
import { tar } from '../harness/tar.ts';
import { ImageWorkplace, storeListing } from './image-workplace.ts';

describe('names of images', { skip: whySkipped, timeout: 400_000 }, () => {
  let place: ImageWorkplace;
  let start: Belongings;
  const image = testImage();
  const other = testImage({ layers: [busybox(), [{ path: 'other', body: 'other' }]] });
  const id = manifestOf(image).digest;
  const shortId = id.slice(7, 19);
  const berth = (...args: string[]) => place.engine.expect(args);
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await place.engine.berth(args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /^berth: [^\n]+\n(?:hint: [^\n]+\n)?$/);
    return stderr;
  };

  before(async () => {
    place = await ImageWorkplace.open();
    start = belongings(place.engine);
  });
  afterEach(async () => {
    const containers = await berth('ps', '-aq');
    if (containers !== '') await berth('rm', '-f', ...containers.split('\n'));
    const images = await berth('images', '-aq', '--no-trunc');
    if (images !== '') await berth('rmi', '-f', ...new Set(images.split('\n')));
    await assertNothingLeft(place.engine, start);
  });
  after(async () => await place[Symbol.asyncDispose]());

  test('images are listed in the columns of docker', async () => {
    await place.load(ociLayout(image, 'localhost:5000/team/app:1.0'));
    const [head, row, ...rest] = (await berth('images')).split('\n');
    assert.match(head ?? '', /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
    assert.match(row ?? '', new RegExp(`^localhost:5000/team/app +1\\.0 +${shortId} +\\d+ \\w+ ago +[\\d.]+MB$`));
    assert.deepEqual(rest, []);
    assert.equal(await berth('images', '-q'), shortId);
    assert.equal(await berth('images', '-q', '--no-trunc'), id);
    assert.equal(await berth('images', '-q', 'nothing'), '');
    assert.match(await berth('images', '--digests'), new RegExp(id));
  });

  test('a tag is another name of the same image; a name that moves leaves <none>', async () => {
    await place.load(ociLayout(image, 'app:1'));
    await berth('tag', 'app:1', 'app:2');
    await berth('tag', shortId, 'localhost:5000/app');
    assert.deepEqual(await place.names(), ['app:1', 'app:2', 'localhost:5000/app:latest']);
    assert.deepEqual((await place.inspect('app:2')).RepoTags, ['app:1', 'app:2', 'localhost:5000/app:latest']);
    await berth('rmi', 'app:2', 'localhost:5000/app');
    await place.load(ociLayout(other, 'app:1'));
    assert.deepEqual(await place.names(), ['<none>:<none>', 'app:1']);
    assert.equal((await place.inspect('app:1')).Id, manifestOf(other).digest);
    assert.equal(await berth('images', '-q', '-f', 'dangling=true'), shortId);
    await berth('tag', shortId, 'saved:1');
    assert.deepEqual(await place.names(), ['app:1', 'saved:1']);
  });

  test('bad names and absent images are refused by name', async () => {
    await place.load(ociLayout(image, 'app:1'));
    const listing = storeListing(place);
    assert.match(await refused('tag', 'app:1', 'Upper:Case'), /Upper:Case/);
    assert.match(await refused('tag', 'app:1', `app@${id}`), /app@sha256/);
    assert.match(await refused('tag', 'absent:1', 'app:2'), /absent:1/);
    assert.match(await refused('rmi', 'absent:1'), /absent:1/);
    assert.match(await refused('inspect', 'absent:1'), /absent:1/);
    assert.match(await refused('rmi', 'Not//a name'), /Not\/\/a name/);
    assert.deepEqual(storeListing(place), listing);
    assert.deepEqual(await place.names(), ['app:1']);
  });

  test('inspect tells what the image is', async () => {
    const run = { Cmd: ['sh', '-c', 'id'], Env: ['A=b'], WorkingDir: '/tmp', User: 'app', Labels: { a: 'b' } };
    const full = testImage({ run });
    await place.load(ociLayout(full, 'app:1'));
    const shown = await place.inspect('app:1');
    assert.equal(shown.Id, manifestOf(full).digest);
    assert.equal(shown.ConfigDigest, full.config.digest);
    assert.deepEqual(
      shown.RootFS.Layers,
      full.layers.map(({ diffId }) => diffId),
    );
    assert.deepEqual(shown.Config, run);
  });

  test('the last name takes the image and its bytes with it', async () => {
    await place.load(ociLayout(image, 'app:1'));
    await berth('tag', 'app:1', 'app:2');
    assert.equal(await berth('rmi', 'app:1'), 'Untagged: app:1');
    assert.equal(place.snapshots().length, 1);
    const lines = (await berth('rmi', 'app:2')).split('\n');
    assert.deepEqual(
      lines.toSorted(),
      [
        'Untagged: app:2',
        ...[id, image.config.digest, image.layers[0]!.digest].map((digest) => `Deleted: ${digest}`),
      ].toSorted(),
    );
    assert.deepEqual([place.blobs(), place.snapshots()], [[], []]);
  });

  test('layers that another image needs stay', async () => {
    await place.load(ociLayout(image, 'app:1'));
    await place.load(ociLayout(other, 'other:1'));
    await berth('rmi', 'app:1');
    assert.deepEqual([place.blobs().length, place.snapshots().length], [4, 2]);
    assert.equal(await place.shell('other:1', 'cat /other'), 'other');
    await berth('rmi', 'other:1');
    assert.deepEqual([place.blobs(), place.snapshots()], [[], []]);
  });

  test('by id an image with several names goes only by force', async () => {
    await place.load(ociLayout(image, 'app:1'));
    await berth('tag', 'app:1', 'app:2');
    assert.match(await refused('rmi', shortId), new RegExp(shortId));
    assert.deepEqual(await place.names(), ['app:1', 'app:2']);
    assert.match(await berth('rmi', '-f', shortId), /Untagged: app:1\nUntagged: app:2\nDeleted: /);
    assert.deepEqual(await place.names(), []);
  });

  test('an image that a container needs goes only by force, and its bytes go with the container', async () => {
    await place.load(ociLayout(image, 'app:1'));
    await berth('create', '--name', 'user', 'app:1', 'echo', 'still here');
    assert.match(await refused('rmi', 'app:1'), /app:1.*user/);
    await berth('tag', 'app:1', 'app:2');
    assert.equal(await berth('rmi', 'app:2'), 'Untagged: app:2');
    assert.equal(await berth('rmi', '-f', 'app:1'), 'Untagged: app:1');
    assert.deepEqual(await place.names(), ['<none>:<none>']);
    assert.equal(await berth('start', '-a', 'user'), 'still here');
    await berth('rm', 'user');
    await berth('rmi', shortId);
    assert.deepEqual([place.blobs(), place.snapshots()], [[], []]);
  });

  test('of several images to remove, those that are there go and the others are named', async () => {
    await place.load(ociLayout(image, 'app:1'));
    const { code, stdout, stderr } = await place.engine.berth(['rmi', 'absent:1', 'app:1', 'absent:2']);
    assert.equal(code, 1);
    assert.match(stdout, /^Untagged: app:1\n/);
    assert.match(stderr, /absent:1[^]*absent:2/);
    assert.deepEqual(await place.names(), []);
    assert.equal((await place.engine.berth(['rmi', '-f', 'absent:1'])).code, 0);
  });

  test('an import makes an image of a root file system, with the changes asked for', async () => {
    const file = place.write(tar(busybox()));
    const changes = [
      'CMD ["sh","-c","echo $A $(pwd) $(id -u)"]',
      'ENV A=b',
      'WORKDIR /var/log',
      'USER app',
      'LABEL x=y',
    ];
    const out = await berth(
      'import',
      ...changes.flatMap((change) => ['-c', change]),
      '-m',
      'made by hand',
      file,
      'made:1',
    );
    assert.match(out, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await berth('run', '--rm', 'made:1'), 'b /var/log 1000');
    assert.deepEqual((await place.inspect('made:1')).Config['Labels'], { x: 'y' });
    const unnamed = await place.engine.expect(['import', '-'], { input: tar(busybox()) });
    assert.equal(await place.shell(unnamed, 'echo unnamed'), 'unnamed');
    const bad = await place.engine.berth(['import', '-c', 'RUN make', file, 'made:2']);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /^berth: .*RUN/);
    assert.match((await place.engine.berth(['import', file, 'Made:3'])).stderr, /Made:3/);
  });
});
