import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { openBerthSource, openBerthTarget } from '@berth/image/medium/berth/open';
import { mediumSuite } from '@berth/image/medium/medium-suite';
import { suiteImage, suiteSource } from '@berth/image/medium/suite-images';
import { type Doors, openDoors } from '../harness/registry-door.ts';
import { forwardTo } from '../harness/serve.ts';

const signal = new AbortController().signal;

function at(doors: Pick<Doors, 'owner'>, name = 'app:1', namespace = 'default') {
  const location = { namespace, name };
  return {
    source: async () => await openBerthSource({ socket: doors.owner }, location),
    target: async () => await openBerthTarget({ socket: doors.owner }, location),
  };
}

describe('the medium berth://', () => {
  mediumSuite(
    async () => {
      const doors = await openDoors();
      return { ...at(doors), close: async () => await doors.close() };
    },
    { keepsBlobs: true },
  );
});

describe('a store that another namespace of has the layers', () => {
  it('is sent nothing but documents', async (t) => {
    const doors = await openDoors();
    t.after(async () => await doors.close());
    await using wire = await forwardTo(doors.owner, `${doors.owner}-counted`);
    const image = suiteImage();
    const copy = async (namespace: string, name = 'app:1') => {
      await using target = await at({ owner: wire.address }, name, namespace).target();
      return await copyImages(suiteSource(image), target, { signal, platforms: 'all', retries: 0 });
    };
    const { sent } = await copy('one');
    assert.ok(sent > 0 && wire.received() > sent);
    const before = wire.received();
    assert.equal((await copy('two')).sent, 0);
    assert.equal((await copy('one', 'other/name:1')).sent, 0);
    // Heads of requests, and the manifest twice each time: by its digest and by the tag.
    const wired = wire.received() - before;
    assert.ok(wired < 20_000 && sent > 5 * wired, `${wired} bytes, where the first copy sent ${sent}`);
    await using source = await at(doors, 'other/name:1', 'two').source();
    await assert.rejects(source.images(signal), { kind: 'not_found', code: 'no_such_image' });
  });
});
