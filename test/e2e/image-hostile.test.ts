import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ociLayout } from '../harness/archives.ts';
import { whySkipped } from '../harness/engine.ts';
import { busybox, testImage } from '../harness/images.ts';
import type { Member } from '../harness/tar.ts';
import { ImageWorkplace, storeListing } from './image-workplace.ts';

describe('hostile layers', { skip: whySkipped, timeout: 400_000 }, () => {
  let place: ImageWorkplace;
  let listing: readonly string[];

  before(async () => {
    place = await ImageWorkplace.open();
    listing = storeListing(place);
  });
  after(async () => await place[Symbol.asyncDispose]());

  const hostile: Readonly<Record<string, (target: string) => Member[]>> = {
    'climbs with ..': (target) => [{ path: `${'../'.repeat(12)}${target.slice(1)}`, body: 'hostile' }],
    'climbs within a path': (target) => [{ path: `a/b/${'../'.repeat(12)}${target.slice(1)}`, body: 'hostile' }],
    'links out with a hard link': (target) => [
      { path: 'link', hardlink: `${'../'.repeat(12)}${target.slice(1)}` },
      { path: 'link', body: 'hostile' },
    ],
  };
  for (const [how, members] of Object.entries(hostile)) {
    test(`a layer that ${how} is refused, and touches nothing`, async () => {
      const target = place.write(Buffer.from('untouched'));
      const bad = testImage({ layers: [busybox(), members(target)] });
      const { code, stderr } = await place.tryLoad(ociLayout(bad, 'hostile:1'));
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`layer ${bad.layers[1]!.digest}: `));
      assert.equal(readFileSync(target, 'utf8'), 'untouched');
      assert.deepEqual(storeListing(place), listing);
    });
  }

  const contained: Readonly<Record<string, (target: string) => Member[]>> = {
    'an absolute path': (target) => [{ path: target, body: 'hostile' }],
    'a parent that is a link to /': (target) => [
      { path: 'out', symlink: '/' },
      { path: `out${target}`, body: 'hostile' },
    ],
    'a parent that is a link upwards': (target) => [
      { path: 'up', symlink: '../../../../../../../..' },
      { path: `up${target}`, body: 'hostile' },
    ],
    'a link that is written through': (target) => [
      { path: 'file', symlink: target },
      { path: 'file', body: 'hostile' },
    ],
    'a hard link to an absolute path': (target) => [
      { path: target.slice(1), body: 'mine' },
      { path: 'hard', hardlink: target },
      { path: 'hard', body: 'hostile' },
    ],
  };
  for (const [how, members] of Object.entries(contained)) {
    test(`a layer with ${how} stays within its folder`, async () => {
      const target = place.write(Buffer.from('untouched'));
      await place.tryLoad(ociLayout(testImage({ layers: [busybox(), members(target)] }), 'hostile:1'));
      assert.equal(readFileSync(target, 'utf8'), 'untouched');
      if ((await place.names()).includes('hostile:1')) await place.engine.expect(['rmi', 'hostile:1']);
      assert.deepEqual(
        storeListing(place).map((line) => path.basename(line)),
        listing.map((line) => path.basename(line)),
      );
    });
  }
});
