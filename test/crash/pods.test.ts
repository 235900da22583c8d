import { describe, it } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodCrashPlace } from './pod-crash-place.ts';
import { crashRounds } from './rounds.ts';

const skip = whySkipped || whyNoRegistry;

describe('a daemon that is killed while it makes and ends pods', { skip, timeout: 3_600_000 }, () => {
  it('finds them again or makes them again, and leaves nothing, on its own bridge', async (t) => {
    await using place = await PodCrashPlace.open('builtin');
    for (const round of crashRounds(25)) {
      await place.round();
      if (round % 5 === 0) await place.assertNothingLeft();
    }
    await place.assertNothingLeft();
    t.diagnostic(`killed ${place.strikes} times`);
  });
});
