import type { PlanRecord } from '../plan/record.ts';
import type { ShimFacts } from './facts.ts';
import { onHost } from './step.ts';

/** As containerd and CRI-O split lines. */
const usualLineMax = 16_384;

/** The first record of every plan of the daemon: where its shim listens and logs. */
export function shimRecord({ logLineMax = usualLineMax, logDropsReturns = false, ...shim }: ShimFacts): PlanRecord {
  return onHost('shim', { ...shim, logLineMax, logDropReturns: logDropsReturns ? 1 : 0 });
}
