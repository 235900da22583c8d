/** Bounds of cpu.shares, kernel Documentation/scheduler/sched-design-CFS.rst. */
export const sharesBounds = { least: 2, most: 262_144 } as const;

/**
 * Shares (2 to 262144, default 1024) as a v2 weight (1 to 10000, default 100). A curve through the two ends and the two
 * defaults, as runc 1.5 and crun have it since 2025: the older straight line made 39 of the default 1024, and
 * containers lost against every other process of a v2 machine.
 */
export function weightOfShares(shares: number): number {
  if (shares <= sharesBounds.least) return 1;
  if (shares >= sharesBounds.most) return 10_000;
  const power = Math.log2(shares);
  return Math.ceil(10 ** ((power * power + 125 * power) / 612 - 7 / 34));
}

/** A block weight (10 to 1000, blkio and BFQ) as io.weight (1 to 10000): linear, config-linux.md "Block IO". */
export function ioWeightOf(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}
