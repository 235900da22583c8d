import type { MetricDefinition, MetricFacts } from './definition.ts';

type Pages = MetricFacts['stats']['hugetlb'][string];

function ofPages(name: string, help: string, value: (pages: Pages) => bigint): MetricDefinition {
  return {
    name: `container_hugetlb_${name}`,
    help,
    type: 'gauge',
    labels: ['pagesize'],
    values: ({ stats }) =>
      Object.entries(stats.hugetlb).map(([size, pages]) => ({ value: value(pages), labels: [size] })),
  };
}

export const hugePageMetrics: readonly MetricDefinition[] = [
  ofPages('usage_bytes', 'Current hugepage usage in bytes.', ({ usage }) => usage),
  ofPages('max_usage_bytes', 'Maximum hugepage usage recorded in bytes.', ({ max }) => max),
];
