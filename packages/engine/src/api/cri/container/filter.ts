import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodContainerFilter } from '#service/pod/contract';
import { choice } from '../field.ts';

const states = {
  [wire.ContainerState.CONTAINER_CREATED]: 'created',
  [wire.ContainerState.CONTAINER_RUNNING]: 'running',
  [wire.ContainerState.CONTAINER_EXITED]: 'exited',
  [wire.ContainerState.CONTAINER_UNKNOWN]: 'unknown',
} as const;

/** What is empty is not asked for. @throws invalid_argument naming the field */
export function containerFilter(given: wire.ContainerFilter | undefined): PodContainerFilter {
  if (given === undefined) return {};
  const { id, podSandboxId: podId, state, labelSelector: labels } = given;
  return {
    ...(id === '' ? {} : { id }),
    ...(podId === '' ? {} : { podId }),
    ...(state === undefined ? {} : { status: choice(state.state, states, 'filter.state') }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}
