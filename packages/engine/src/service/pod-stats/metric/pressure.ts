import type { Pressure } from '@berth/runtime/cgroup/event-stats';
import { counter, type MetricDefinition, type MetricFacts } from './definition.ts';

/** PSI counts microseconds. */
const seconds = (pressure: Pressure | undefined, line: keyof Pressure): bigint | undefined =>
  pressure === undefined ? undefined : pressure[line].total / 1_000_000n;

function ofResource(name: string, resource: string, psi: (facts: MetricFacts) => Pressure | undefined) {
  return [
    counter(
      `container_pressure_${name}_stalled_seconds_total`,
      `Total time duration no tasks in the container could make progress due to ${resource} congestion.`,
      (facts) => seconds(psi(facts), 'full'),
    ),
    counter(
      `container_pressure_${name}_waiting_seconds_total`,
      `Total time duration tasks in the container have waited due to ${resource} congestion.`,
      (facts) => seconds(psi(facts), 'some'),
    ),
  ];
}

export const pressureMetrics: readonly MetricDefinition[] = [
  ...ofResource('cpu', 'CPU', ({ stats }) => stats.cpu.psi),
  ...ofResource('memory', 'memory', ({ stats }) => stats.memory.psi),
  ...ofResource('io', 'IO', ({ stats }) => stats.blkio.psi),
];
