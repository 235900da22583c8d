import { after, before, describe, it } from 'node:test';
import { findCrictl, noCrictl } from '../harness/crictl.ts';
import type { CriTarget } from '../harness/cri-target.ts';
import { enterOwnNetwork } from '../harness/own-network.ts';
import { CrictlPlace } from './crictl-place.ts';
import { steps } from './crictl-steps.ts';

export interface CrictlSuite {
  readonly name: string;
  readonly skip: string | false;
  readonly open: () => Promise<CriTarget>;
}

/** Makes a test of each step; the process goes into a network of its own. */
export function crictlSuite({ name, skip, open }: CrictlSuite): void {
  const program = skip === false ? findCrictl() : undefined;
  describe(`crictl with ${name}`, { skip: skip || (program === undefined && noCrictl) }, () => {
    const parts = new AsyncDisposableStack();
    let place: CrictlPlace;
    before(async () => {
      enterOwnNetwork();
      const target = parts.use(await open());
      place = parts.use(await CrictlPlace.open(target, program!));
    });
    after(async () => await parts.disposeAsync());
    for (const step of steps) {
      it(step.name, async (context) => {
        if (step.missingInContainerd !== undefined && place.target.version !== undefined)
          return context.skip(`this containerd has not: ${step.missingInContainerd}`);
        await step.run(place);
      });
    }
  });
}
