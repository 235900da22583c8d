import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodContainerFilter, PodFilter } from '#service/pod/contract';

/** What is empty is not asked for. */
export function containerStatsFilter(given: wire.ContainerStatsFilter | undefined): PodContainerFilter {
  if (given === undefined) return {};
  const { id, podSandboxId: podId, labelSelector: labels } = given;
  return { ...(id === '' ? {} : { id }), ...(podId === '' ? {} : { podId }), ...labelsOf(labels) };
}

export function podStatsFilter(given: wire.PodSandboxStatsFilter | undefined): PodFilter {
  if (given === undefined) return {};
  const { id, labelSelector: labels } = given;
  return { ...(id === '' ? {} : { id }), ...labelsOf(labels) };
}

function labelsOf(labels: Readonly<Record<string, string>>) {
  return Object.keys(labels).length === 0 ? {} : { labels };
}
