import { counter, type MetricDefinition, secondsOf } from './definition.ts';

export const cpuMetrics: readonly MetricDefinition[] = [
  counter('container_cpu_user_seconds_total', 'Cumulative user CPU time consumed in seconds.', ({ stats }) =>
    secondsOf(stats.cpu.usage.user),
  ),
  counter('container_cpu_system_seconds_total', 'Cumulative system CPU time consumed in seconds.', ({ stats }) =>
    secondsOf(stats.cpu.usage.kernel),
  ),
  {
    name: 'container_cpu_usage_seconds_total',
    help: 'Cumulative CPU time consumed in seconds.',
    type: 'counter',
    labels: ['cpu'],
    values: ({ stats }) => [{ value: secondsOf(stats.cpu.usage.total), labels: ['total'] }],
  },
  counter('container_cpu_cfs_periods_total', 'Number of elapsed enforcement period intervals.', ({ stats }) => {
    return stats.cpu.throttling.periods;
  }),
  counter('container_cpu_cfs_throttled_periods_total', 'Number of throttled period intervals.', ({ stats }) => {
    return stats.cpu.throttling.throttledPeriods;
  }),
  counter(
    'container_cpu_cfs_throttled_seconds_total',
    'Total time duration the container has been throttled.',
    ({ stats }) => secondsOf(stats.cpu.throttling.throttledTime),
  ),
];
