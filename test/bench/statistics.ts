/** What many samples say. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  /** The largest of few samples. */
  readonly p99: number;
}

/** @throws RangeError without samples */
export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { count: sorted.length, median: at(0.5), p99: at(0.99) };
}

/** Milliseconds that something takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

/** Runs `each` in turns, so that a slow moment of the machine meets all of them. Samples by name. */
export async function inTurns(
  each: ReadonlyMap<string, () => Promise<number>>,
  rounds: number,
): Promise<Map<string, number[]>> {
  const samples = new Map([...each.keys()].map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of each) samples.get(name)!.push(await run());
  }
  return samples;
}
