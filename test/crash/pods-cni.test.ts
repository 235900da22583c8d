import { describe, it } from 'node:test';
import { pluginFolder } from '../harness/cri-network.ts';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodCrashPlace } from './pod-crash-place.ts';
import { crashRounds } from './rounds.ts';

const noPlugins = pluginFolder() === undefined && 'needs the plugins of containernetworking-plugins';
const skip = whySkipped || whyNoRegistry || noPlugins;

describe('a daemon that is killed while it makes and ends pods', { skip, timeout: 3_600_000 }, () => {
  it('finds them again or makes them again, and leaves nothing, with CNI plugins', async (t) => {
    await using place = await PodCrashPlace.open('cni');
    for (const round of crashRounds(20)) {
      await place.round();
      if (round % 5 === 0) await place.assertNothingLeft();
    }
    await place.assertNothingLeft();
    t.diagnostic(`killed ${place.strikes} times`);
  });
});
