import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodFilter } from '#service/pod/contract';
import { choice } from '../field.ts';

const states = {
  [wire.PodSandboxState.SANDBOX_READY]: 'ready',
  [wire.PodSandboxState.SANDBOX_NOTREADY]: 'not_ready',
} as const;

/** What is empty is not asked for. @throws invalid_argument naming the field */
export function podFilter(given: wire.PodSandboxFilter | undefined): PodFilter {
  if (given === undefined) return {};
  const { id, state, labelSelector: labels } = given;
  return {
    ...(id === '' ? {} : { id }),
    ...(state === undefined ? {} : { state: choice(state.state, states, 'filter.state') }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}
