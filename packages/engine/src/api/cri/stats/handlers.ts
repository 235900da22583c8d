import type { RuntimeService } from '@berth/wire/gen/cri/v1/api_pb';
import type { RpcHandlers } from '../../rpc/contract.ts';
import type { CriBackend } from '../backend.ts';
import { batches } from '../batches.ts';
import { criContext } from '../context.ts';
import { requiredText } from '../field.ts';
import { containerStatsFilter, podStatsFilter } from './filter.ts';
import { metricDescriptor, podSandboxMetrics } from './metrics.ts';
import { containerStats, podSandboxStats } from './stats.ts';

export type StatsHandlers = ContainerStatsHandlers & PodStatsHandlers & MetricsHandlers;

type Backend = Pick<CriBackend, 'stats'>;
type Handlers<K extends keyof RpcHandlers<typeof RuntimeService>> = Pick<RpcHandlers<typeof RuntimeService>, K>;
type ContainerStatsHandlers = Handlers<'containerStats' | 'listContainerStats' | 'streamContainerStats'>;
type PodStatsHandlers = Handlers<'podSandboxStats' | 'listPodSandboxStats' | 'streamPodSandboxStats'>;
type MetricsHandlers = Handlers<'listMetricDescriptors' | 'listPodSandboxMetrics' | 'streamPodSandboxMetrics'>;

/** A pod's metrics have some hundred values: fewer of them make a message of the same size. */
const podsPerMessage = 20;

/** What pods and containers use, and the metrics that take cAdvisor's place. */
export function statsHandlers(backend: Backend): StatsHandlers {
  return { ...containerStatsHandlers(backend), ...podStatsHandlers(backend), ...metricsHandlers(backend) };
}

function containerStatsHandlers({ stats }: Backend): ContainerStatsHandlers {
  return {
    async containerStats(call, { containerId }) {
      const id = requiredText(containerId, 'container_id');
      return { stats: containerStats(await stats.container(criContext(call), id)) };
    },
    async listContainerStats(call, { filter }) {
      const found = await stats.containers(criContext(call), containerStatsFilter(filter));
      return { stats: found.map(containerStats) };
    },
    async *streamContainerStats(call, { filter }) {
      const found = await stats.containers(criContext(call), containerStatsFilter(filter));
      for (const part of batches(found)) yield { containerStats: part.map(containerStats) };
    },
  };
}

function podStatsHandlers({ stats }: Backend): PodStatsHandlers {
  return {
    async podSandboxStats(call, { podSandboxId }) {
      const id = requiredText(podSandboxId, 'pod_sandbox_id');
      return { stats: podSandboxStats(await stats.pod(criContext(call), id)) };
    },
    async listPodSandboxStats(call, { filter }) {
      const found = await stats.pods(criContext(call), podStatsFilter(filter));
      return { stats: found.map(podSandboxStats) };
    },
    async *streamPodSandboxStats(call, { filter }) {
      const found = await stats.pods(criContext(call), podStatsFilter(filter));
      for (const part of batches(found)) yield { podSandboxStats: part.map(podSandboxStats) };
    },
  };
}

function metricsHandlers({ stats }: Backend): MetricsHandlers {
  return {
    async listMetricDescriptors() {
      return { descriptors: stats.metricDescriptors().map(metricDescriptor) };
    },
    async listPodSandboxMetrics(call) {
      return { podMetrics: (await stats.metrics(criContext(call))).map(podSandboxMetrics) };
    },
    async *streamPodSandboxMetrics(call) {
      const found = await stats.metrics(criContext(call));
      for (const part of batches(found, podsPerMessage)) yield { podSandboxMetrics: part.map(podSandboxMetrics) };
    },
  };
}
