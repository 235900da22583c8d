import { describe, it } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { CrashPlace } from './crash-place.ts';

/** More of them by hand: BERTH_CRASH_ROUNDS=300. */
const rounds = Number(process.env['BERTH_CRASH_ROUNDS'] ?? 25);

describe('a daemon that is killed while it works', { skip: whySkipped, timeout: 3_600_000 }, () => {
  it('leaves no damage and no litter, and what is loaded again is whole', async (t) => {
    await using place = await CrashPlace.open({ strike: (engine) => engine.kill9() });
    for (let round = 1; round <= rounds; round++) {
      await place.round();
      if (round % 8 === 0) await place.heal();
      if (round % 8 === 4) await place.removeAll();
    }
    await place.heal();
    await place.removeAll();
    t.diagnostic(`killed ${place.strikes} times`);
  });
});
