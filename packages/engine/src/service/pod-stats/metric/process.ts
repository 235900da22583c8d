import { gauge, type MetricDefinition } from './definition.ts';

const softLimits: MetricDefinition = {
  name: 'container_ulimits_soft',
  help: 'Soft ulimit values for the container root process. Left out when unlimited.',
  type: 'gauge',
  labels: ['ulimit'],
  values: ({ processes }) => (processes?.softLimits ?? []).map(({ name, value }) => ({ value, labels: [name] })),
};

export const processMetrics: readonly MetricDefinition[] = [
  gauge(
    'container_processes',
    'Number of processes running inside the container.',
    ({ processes }) => processes?.count,
  ),
  gauge(
    'container_file_descriptors',
    'Number of open file descriptors for the container.',
    ({ processes }) => processes?.descriptors,
  ),
  gauge('container_sockets', 'Number of open sockets for the container.', ({ processes }) => processes?.sockets),
  gauge('container_threads', 'Number of threads running inside the container.', ({ stats }) => stats.pids.current),
  gauge(
    'container_threads_max',
    'Maximum number of threads allowed inside the container, infinity if value is zero.',
    ({ stats }) => stats.pids.limit,
  ),
  softLimits,
];
