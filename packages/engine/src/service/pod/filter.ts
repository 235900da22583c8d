import type { StringMap } from '@berth/model/pod-config';
import type { PodContainerFilter, PodContainerView, PodFilter, PodView } from './contract.ts';

export function matchesPod({ id, state, config }: PodView, filter: PodFilter): boolean {
  if (filter.id !== undefined && !id.startsWith(filter.id)) return false;
  if (filter.state !== undefined && state !== filter.state) return false;
  return hasLabels(config.labels, filter.labels);
}

export function matchesContainer({ id, podId, status, part }: PodContainerView, filter: PodContainerFilter): boolean {
  if (filter.id !== undefined && !id.startsWith(filter.id)) return false;
  if (filter.podId !== undefined && !podId.startsWith(filter.podId)) return false;
  if (filter.status !== undefined && status !== filter.status) return false;
  return hasLabels(part.config.labels, filter.labels);
}

function hasLabels(labels: StringMap, wanted: StringMap = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
