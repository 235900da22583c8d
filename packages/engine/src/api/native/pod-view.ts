import type * as wire from '@berth/wire/native/api';
import type { ContainerView } from '#service/container/contract';
import type { PodContainerView, PodView } from '#service/pod/contract';
import { containerSummary } from './container-view.ts';

/** A pod as `pods` needs it. */
export function podSummary(pod: PodView, members: readonly PodContainerView[]): wire.PodSummary {
  const { metadata, labels } = pod.config;
  return {
    id: pod.id,
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    attempt: metadata.attempt,
    createdAt: new Date(pod.createdAt).toISOString(),
    status: pod.state,
    addresses: pod.network?.ips ?? [],
    runtime: pod.runtimeHandler,
    labels,
    containers: members.length,
    running: members.filter(({ status }) => status === 'running').length,
  };
}

/** @param views the members, as containers */
export function podDetail(
  pod: PodView,
  members: readonly PodContainerView[],
  views: readonly ContainerView[],
): wire.PodDetail {
  const { id, config, pid, netns, network } = pod;
  const { name, namespace } = config.metadata;
  const names = new Map([[id, { id, name, namespace }]]);
  return {
    ...podSummary(pod, members),
    annotations: config.annotations,
    config,
    pid,
    networkNamespace: netns,
    networkResult: network?.result ?? null,
    members: views.map((view) => containerSummary(view, names)),
  };
}
