import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { NamespaceMode } from '@berth/wire/gen/cri/v1/api_pb';
import { PodPlace } from '../e2e/pod-place.ts';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { crashRounds } from './rounds.ts';

/** Milliseconds in which a container with a volume is made and started here, and some more. */
const longest = 60;

const range = [{ hostId: 400_000, containerId: 0, length: 65_536 }];
const usernsOptions = { mode: NamespaceMode.POD, uids: range, gids: range };
const linux = { securityContext: { namespaceOptions: { pid: NamespaceMode.CONTAINER, usernsOptions } } };

describe('a daemon that is killed while it mounts for a pod', { skip: whySkipped || whyNoRegistry }, () => {
  it('mounts again what it has to, and leaves no mount of images or of mapped layers', async () => {
    await using place = await PodPlace.open();
    const image = await place.image('words');
    const wish = { linux, mounts: [{ containerPath: '/image', readonly: true, image: { image } }] };
    await place.start(await place.run({ linux }), wish);
    await place.settle();
    for (const round of crashRounds(12)) {
      const pod = await place.run({ linux });
      const made = place.start(pod, wish).catch(() => undefined);
      await sleep(Math.random() * longest);
      await place.engine.kill9();
      await made;
      await place.comeBack();
      const again = await place.start(pod, wish);
      assert.equal(await place.sh(again, 'stat -c %u /image/etc/passwd /bin'), '0\n0');
      await place.removeAll();
      if (round % 4 === 0) await place.assertNothingLeft();
    }
    await place.assertNothingLeft();
  });
});
