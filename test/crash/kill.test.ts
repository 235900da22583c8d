import { describe, it } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { CrashPlace } from './crash-place.ts';
import { crashRounds } from './rounds.ts';

describe('a daemon that is killed while it works', { skip: whySkipped, timeout: 3_600_000 }, () => {
  it('leaves no damage and no litter, and what is loaded again is whole', async (t) => {
    await using place = await CrashPlace.open({ strike: (engine) => engine.kill9() });
    for (const round of crashRounds(25)) {
      await place.round();
      if (round % 8 === 0) await place.heal();
      if (round % 8 === 4) await place.removeAll();
    }
    await place.heal();
    await place.removeAll();
    t.diagnostic(`killed ${place.strikes} times`);
  });
});
