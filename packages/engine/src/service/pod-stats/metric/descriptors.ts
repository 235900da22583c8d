import type { MetricDescriptor } from '../contract.ts';
import { cpuMetrics } from './cpu.ts';
import type { MetricDefinition } from './definition.ts';
import { diskMetrics } from './disk.ts';
import { hugePageMetrics } from './huge-page.ts';
import { memoryMetrics } from './memory.ts';
import { networkMetrics } from './network.ts';
import { pressureMetrics } from './pressure.ts';
import { processMetrics } from './process.ts';
import { specMetrics } from './spec.ts';

/**
 * On every metric, because kubelet adds none of its own (as CRI-O has them, and containerd's `name`): with `container` POD
 * and no image the numbers are the whole pod's, as cAdvisor's users filter them.
 */
export const baseLabels: readonly string[] = ['id', 'name', 'image', 'namespace', 'pod', 'container'];

/** cAdvisor's names, those that containerd and CRI-O give too. The list never changes while the daemon runs. */
export const definitions: readonly MetricDefinition[] = [
  ...cpuMetrics,
  ...memoryMetrics,
  ...networkMetrics,
  ...diskMetrics,
  ...hugePageMetrics,
  ...processMetrics,
  ...specMetrics,
  ...pressureMetrics,
];

export const metricDescriptors: readonly MetricDescriptor[] = definitions.map(({ name, help, labels = [] }) => ({
  name,
  help,
  labelKeys: [...baseLabels, ...labels],
}));
