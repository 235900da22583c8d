import type { LayerTiming } from '@berth/image/layer/job';
import type { Row } from './report.ts';
import { summarize } from './statistics.ts';

const parts: readonly (keyof LayerTiming)[] = ['transfer', 'hash', 'inflate', 'unpack', 'order', 'sync'];

/** Where the unpacking threads' time went, from the daemon's log at debug: milliseconds of all layers. */
export function pullTimes(log: string): LayerTiming {
  const lines = log.split('\n').filter((line) => line.includes('a layer is there'));
  const layers = lines.map((line) => JSON.parse(line) as LayerTiming);
  const sums = parts.map((part) => [part, layers.reduce((sum, layer) => sum + layer[part], 0)]);
  return Object.fromEntries(sums) as LayerTiming;
}

/** A row for each part of the time. */
export function splitRows(rounds: readonly LayerTiming[]): Row[] {
  return parts.map((subject) => {
    const seconds = rounds.map((round) => round[subject] / 1000);
    return { measure: 'berth pull, its unpacking threads', subject, unit: 's', ...summarize(seconds) };
  });
}
