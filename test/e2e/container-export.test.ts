import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { archive, ociLayout } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import { ImageWorkplace } from './image-workplace.ts';

/** A file with an extended attribute. */
const marked = { path: 'marked', body: 'x', pax: { 'SCHILY.xattr.user.mark': 'of-a-test' } };

/** What tar(1) says of an archive: mode, owner and the rest of the line, by path. */
function listing(file: string): ReadonlyMap<string, string> {
  const { stdout, stderr, status } = spawnSync('tar', ['--numeric-owner', '-tvf', file], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [, mode = '', owner = '', size = '', rest = ''] = /^(\S+) (\S+) +(\S+) \S+ \S+ (.*)$/.exec(line) ?? [];
      const [name = '', target = ''] = rest.split(/ -> | link to /);
      return [name, `${mode} ${owner} ${size} ${target}`.trim()];
    }),
  );
}

describe('berth export', { skip: whySkipped }, () => {
  let place: ImageWorkplace;
  before(async () => {
    place = await ImageWorkplace.open();
    const layers = [busybox(), [{ path: 'gone', body: 'x' }], [{ path: 'home/old', body: 'old' }], [marked]];
    await place.load(archive(ociLayout(testImage({ layers }), 'export:1')));
  });
  after(async () => await place[Symbol.asyncDispose]());

  const script = [
    'rm /gone; rm -r /home; mkdir /home; printf new > /home/a',
    'ln /home/a /home/b; ln -s ../a /home/link; mkfifo /home/pipe',
    'chmod 4751 /home/a; chown 12:34 /home/pipe; printf x > "/home/$(printf "\\351")"; mkdir -p /home/deep/er',
    'printf 12 > /etc/added',
  ].join('\n');

  it('gives what the container made of its image: no whiteouts, one copy of a linked file, nothing that is mounted', async () => {
    await place.engine.expect(['run', '--name', 'made', 'export:1', 'sh', '-ec', script]);
    const file = place.file('made.tar');
    await place.engine.expect(['export', '-o', file, 'made']);
    const found = listing(file);
    assert.equal(found.has('gone'), false);
    assert.equal(found.has('home/old'), false);
    assert.equal(found.get('home/a'), '-rwsr-x--x 0/0 3');
    assert.equal(found.get('home/b'), 'hrwsr-x--x 0/0 0 home/a');
    assert.equal(found.get('home/link'), 'lrwxrwxrwx 0/0 0 ../a');
    assert.match(found.get('home/pipe') ?? '', /^prw-r--r-- 12\/34/);
    assert.match(found.get('home/\\351') ?? '', /^-rw-r--r--/);
    assert.ok(found.has('home/deep/er/'));
    assert.equal(found.get('etc/added'), '-rw-r--r-- 0/0 2');
    assert.ok(found.has('proc/'));
    assert.ok(readFileSync(file).includes('SCHILY.xattr.user.mark=of-a-test\n'));
    assert.ok(!readFileSync(file).includes('trusted.overlay'));
    assert.ok(![...found.keys()].some((name) => /^proc\/.|^sys\/./.test(name)));
    await place.engine.expect(['rm', 'made']);
  });

  it('of a container that runs is an archive that can be imported, and runs', async () => {
    await place.engine.expect(['run', '-d', '--name', 'live', 'export:1', 'sh', '-c', `${script}; sleep 1000`]);
    await place.engine.expect(['exec', 'live', 'sh', '-c', 'until [ -e /etc/added ]; do sleep 0.05; done']);
    const file = place.file('live.tar');
    await place.engine.expect(['export', '-o', file, 'live']);
    assert.equal(listing(file).get('home/b'), 'hrwsr-x--x 0/0 0 home/a');
    await place.engine.expect(['import', '-c', 'CMD ["cat", "/home/b"]', file, 'again:1']);
    assert.equal(await place.engine.expect(['run', '--rm', 'again:1']), 'new');
    await place.engine.expect(['rm', '-f', 'live']);
  });

  it('of no container says so', async () => {
    const { code, stderr } = await place.engine.berth(['export', 'nobody']);
    assert.equal(code, 1);
    assert.match(stderr, /no such container: nobody/);
  });
});
