/** After this a slow machine has tried enough, ms. */
const budget = 60_000;

/** Numbers from 1: so many in an ordinary run, fewer where time is short; by hand BERTH_CRASH_ROUNDS=300. */
export function* crashRounds(usual: number): Iterable<number> {
  const asked = process.env['BERTH_CRASH_ROUNDS'];
  const end = performance.now() + (asked === undefined ? budget : Infinity);
  for (let round = 1; round <= Number(asked ?? usual) && performance.now() < end; round++) yield round;
}
