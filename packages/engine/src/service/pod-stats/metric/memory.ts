import { counter, gauge, type MetricDefinition, type MetricFacts } from './definition.ts';

/**
 * A value of memory.stat: v1 has it under one name, with `total_` when the cgroups below count too; v2 under another.
 */
const stat =
  (v1: string, v2: string) =>
  (facts: MetricFacts): bigint => {
    const { raw } = facts.stats.memory;
    return raw[`total_${v1}`] ?? raw[v2] ?? 0n;
  };

const inactiveFile = stat('inactive_file', 'inactive_file');

function workingSet(facts: MetricFacts): bigint {
  const { usage } = facts.stats.memory.usage;
  const inactive = inactiveFile(facts);
  return usage > inactive ? usage - inactive : 0n;
}

/** v2 counts swap alone, and the form of these statistics the sum. */
function swap(facts: MetricFacts): bigint {
  const { raw, swap: both, usage } = facts.stats.memory;
  return raw.total_swap ?? (both.usage > usage.usage ? both.usage - usage.usage : 0n);
}

const failures: MetricDefinition = {
  name: 'container_memory_failures_total',
  help: 'Cumulative count of memory allocation failures.',
  type: 'counter',
  labels: ['failure_type', 'scope'],
  values: ({ stats: { memory } }) =>
    ['pgfault', 'pgmajfault'].flatMap((type) => [
      { value: memory.raw[type] ?? 0n, labels: [type, 'container'] },
      { value: memory.raw[`total_${type}`] ?? memory.raw[type] ?? 0n, labels: [type, 'hierarchy'] },
    ]),
};

export const memoryMetrics: readonly MetricDefinition[] = [
  gauge('container_memory_cache', 'Number of bytes of page cache memory.', stat('cache', 'file')),
  gauge('container_memory_rss', 'Size of RSS in bytes.', stat('rss', 'anon')),
  gauge(
    'container_memory_kernel_usage',
    'Size of kernel memory allocated in bytes.',
    ({ stats }) => stats.memory.kernel.usage,
  ),
  gauge('container_memory_mapped_file', 'Size of memory mapped files in bytes.', stat('mapped_file', 'file_mapped')),
  gauge('container_memory_swap', 'Container swap usage in bytes.', swap),
  counter('container_memory_failcnt', 'Number of memory usage hits limits.', ({ stats }) => stats.memory.usage.failcnt),
  gauge(
    'container_memory_usage_bytes',
    'Current memory usage in bytes, including all memory regardless of when it was accessed.',
    ({ stats }) => stats.memory.usage.usage,
  ),
  gauge(
    'container_memory_max_usage_bytes',
    'Maximum memory usage recorded in bytes.',
    ({ stats }) => stats.memory.usage.max,
  ),
  gauge('container_memory_working_set_bytes', 'Current working set in bytes.', workingSet),
  gauge(
    'container_memory_total_active_file_bytes',
    'Current total active file in bytes.',
    stat('active_file', 'active_file'),
  ),
  gauge('container_memory_total_inactive_file_bytes', 'Current total inactive file in bytes.', inactiveFile),
  gauge(
    'container_memory_active_anon_bytes',
    'Current active anonymous memory in bytes.',
    stat('active_anon', 'active_anon'),
  ),
  gauge(
    'container_memory_inactive_anon_bytes',
    'Current inactive anonymous memory in bytes.',
    stat('inactive_anon', 'inactive_anon'),
  ),
  gauge(
    'container_memory_anon_thp_bytes',
    'Anonymous memory in transparent huge pages in bytes.',
    stat('rss_huge', 'anon_thp'),
  ),
  gauge(
    'container_memory_shmem_thp_bytes',
    'Shared memory in transparent huge pages in bytes; counted by cgroup v2 alone.',
    ({ stats }) => stats.memory.raw.shmem_thp ?? 0n,
  ),
  gauge(
    'container_memory_file_thp_bytes',
    'Memory of files in transparent huge pages in bytes; counted by cgroup v2 alone.',
    ({ stats }) => stats.memory.raw.file_thp ?? 0n,
  ),
  failures,
  counter(
    'container_oom_events_total',
    'Count of out of memory events observed for the container.',
    ({ oomKills }) => oomKills,
  ),
];
