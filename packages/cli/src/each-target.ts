import { print } from './print/output.ts';
import { reportError } from './report-error.ts';

/** So many at once: each has a connection of its own. */
const atOnce = 50;

export interface EachOptions {
  /** Do not wait for one before the next is begun: three containers stop in the time of the slowest. */
  readonly together?: boolean;
  /** An error that is reported and counts as success. */
  readonly forgive?: ((error: unknown) => boolean) | undefined;
}

type Act = (target: string) => Promise<string | void>;

/**
 * Does the same to several things. One that fails is reported and the others go on; the exit code is then 1.
 * What `act` returns is printed in the order of the targets, a line each; by default the target's own name.
 */
export async function eachTarget(targets: readonly string[], act: Act, options: EachOptions = {}): Promise<number> {
  const { together = false, forgive = () => false } = options;
  const size = together ? atOnce : 1;
  let failed = 0;
  for (let from = 0; from < targets.length; from += size) {
    const batch = targets.slice(from, from + size).map((target) => ({ target, work: begin(act, target) }));
    for (const { target, work } of batch) {
      try {
        print(`${(await work) ?? target}\n`);
      } catch (error) {
        reportError(error);
        if (!forgive(error)) failed++;
      }
    }
  }
  return failed === 0 ? 0 : 1;
}

/** Several may fail while the first is awaited: their failures wait for their turn. */
function begin(act: Act, target: string): Promise<string | void> {
  const work = act(target);
  work.catch(() => undefined);
  return work;
}
