import { reportError } from './report-error.ts';
import { print } from './print/output.ts';

/**
 * Does the same to several things. One that fails is reported and the others go on; the exit code is then 1.
 * What `act` returns is printed, a line each; by default the target's own name.
 */
export async function eachTarget(
  targets: readonly string[],
  act: (target: string) => Promise<string | void>,
): Promise<number> {
  let failed = 0;
  for (const target of targets) {
    try {
      print(`${(await act(target)) ?? target}\n`);
    } catch (error) {
      reportError(error);
      failed++;
    }
  }
  return failed === 0 ? 0 : 1;
}
