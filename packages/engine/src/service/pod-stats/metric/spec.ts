import type { Resources } from '@berth/model/pod-config';
import { gauge, type MetricDefinition } from './definition.ts';

/** What the kernel takes when none is given, sched-bwc.rst. */
const defaultPeriod = 100_000;

/** 0 is "not specified", and less than that "no limit": both are shown as 0. */
const ofResources = (name: string, help: string, value: (resources: Resources) => number): MetricDefinition =>
  gauge(`container_spec_${name}`, help, ({ resources }) =>
    resources === undefined ? undefined : BigInt(Math.max(0, value(resources))),
  );

export const specMetrics: readonly MetricDefinition[] = [
  ofResources('cpu_period', 'CPU period of the container.', ({ cpuPeriod }) => cpuPeriod || defaultPeriod),
  ofResources('cpu_quota', 'CPU quota of the container.', ({ cpuQuota }) => cpuQuota),
  ofResources('cpu_shares', 'CPU share of the container.', ({ cpuShares }) => cpuShares),
  ofResources('memory_limit_bytes', 'Memory limit for the container.', ({ memoryLimit }) => memoryLimit),
  ofResources('memory_reservation_limit_bytes', 'Memory reservation limit for the container.', reservation),
  ofResources('memory_swap_limit_bytes', 'Memory swap limit for the container.', ({ memorySwapLimit }) => {
    return memorySwapLimit;
  }),
  gauge(
    'container_start_time_seconds',
    'Start time of the container since unix epoch in seconds.',
    ({ startedAt }) => startedAt,
  ),
  gauge('container_last_seen', 'Last time a container was seen by the exporter.', ({ seenAt }) => seenAt),
];

/** Kubernetes asks for one by v2's own word alone. */
function reservation({ unified }: Resources): number {
  const low = Number(unified['memory.low'] ?? 0);
  return Number.isSafeInteger(low) ? low : 0;
}
