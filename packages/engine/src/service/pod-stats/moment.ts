import { readFileSync } from 'node:fs';
import { now } from './layer-use.ts';
import type { Moment } from './usage.ts';

/** Milliseconds. Swap comes and goes by an operator's hand; a call for 500 pods need not ask for each. */
const fresh = 10_000;

let known = { at: -Infinity, swapTotal: 0n };

export function thisMoment(): Moment {
  if (performance.now() - known.at > fresh) {
    const kibibytes = /^SwapTotal:\s+([0-9]+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? '0';
    known = { at: performance.now(), swapTotal: BigInt(kibibytes) << 10n };
  }
  return { at: now(), swapTotal: known.swapTotal };
}
