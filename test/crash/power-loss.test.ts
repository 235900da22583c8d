import path from 'node:path';
import { describe, it } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { CrashPlace } from './crash-place.ts';
import { PowerDisk, whyNoPowerCut } from './power-disk.ts';
import { crashRounds } from './rounds.ts';

describe('a machine that loses its power while images come and go', options(), () => {
  it('has no damaged image afterwards, and what is loaded again is whole', async (t) => {
    using disk = new PowerDisk();
    await using place = await CrashPlace.open({
      root: path.join(disk.folder, 'root'),
      strike: async (engine) => {
        disk.cutPower();
        await engine.kill9();
        disk.unmount();
        disk.mount();
        place.newBoot();
      },
    });
    for (const round of crashRounds(10)) {
      await place.round();
      if (round % 8 === 0) await place.heal();
      if (round % 8 === 4) await place.removeAll();
    }
    await place.heal();
    await place.removeAll();
    await place.engine.stop();
    disk.unmount();
    disk.check();
    t.diagnostic(`${place.strikes} power cuts`);
  });
});

function options(): { readonly skip: string | false; readonly timeout: number } {
  return { skip: whySkipped || whyNoPowerCut, timeout: 3_600_000 };
}
