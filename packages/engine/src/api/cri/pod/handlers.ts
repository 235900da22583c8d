import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { ContainerView } from '#service/container/contract';
import type { RpcHandlers } from '../../rpc/contract.ts';
import type { CriBackend } from '../backend.ts';
import { batches } from '../batches.ts';
import { podResources } from '../container/resources.ts';
import { containerStatus, nanoseconds } from '../container/status.ts';
import { criContext } from '../context.ts';
import { encodedList } from '../encoded-items.ts';
import { requiredText } from '../field.ts';
import { podConfig } from './config.ts';
import { podFilter } from './filter.ts';
import { podInfo } from './info.ts';
import { encodedPodItem, podStatus } from './status.ts';

export type PodHandlers = Pick<
  RpcHandlers<typeof wire.RuntimeService>,
  | 'runPodSandbox'
  | 'stopPodSandbox'
  | 'removePodSandbox'
  | 'podSandboxStatus'
  | 'listPodSandbox'
  | 'streamPodSandboxes'
  | 'updatePodSandboxResources'
>;

const { ListPodSandboxResponseSchema: listed, StreamPodSandboxesResponseSchema: streamed } = wire;

/** The methods about pods. */
export function podHandlers(backend: Pick<CriBackend, 'pods' | 'podContainers' | 'containers'>): PodHandlers {
  const { pods, podContainers } = backend;
  return {
    async runPodSandbox(call, { config, runtimeHandler }) {
      return { podSandboxId: await pods.run(criContext(call), podConfig(config), runtimeHandler) };
    },
    async stopPodSandbox(call, { podSandboxId }) {
      await pods.stop(criContext(call), podId(podSandboxId));
      return {};
    },
    async removePodSandbox(call, { podSandboxId }) {
      await pods.remove(criContext(call), podId(podSandboxId));
      return {};
    },
    async podSandboxStatus(call, { podSandboxId, verbose }) {
      const context = criContext(call);
      const pod = pods.inspect(context, podId(podSandboxId));
      return {
        status: podStatus(pod),
        containersStatuses: podContainers.list(context, { podId: pod.id }).map(containerStatus),
        timestamp: nanoseconds(Date.now()),
        info: verbose ? podInfo(pod, sandboxOf(backend, context, pod.id)) : {},
      };
    },
    async listPodSandbox(call, { filter }) {
      const found = pods.list(criContext(call), podFilter(filter));
      return encodedList(listed, listed.field.items.number, found.map(encodedPodItem));
    },
    async *streamPodSandboxes(call, { filter }) {
      for (const part of batches(pods.list(criContext(call), podFilter(filter))))
        yield encodedList(streamed, streamed.field.podSandboxes.number, part.map(encodedPodItem));
    },
    async updatePodSandboxResources(call, request) {
      await pods.updateResources(criContext(call), podId(request.podSandboxId), podResources(request, ''));
      return {};
    },
  };
}

/** Its own process, which ends with the pod, but may be gone before. */
function sandboxOf(
  { containers }: Pick<CriBackend, 'containers'>,
  context: CallContext,
  id: string,
): ContainerView | undefined {
  try {
    return containers.inspect(context, id);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

/** An empty one would be the start of every id. */
function podId(ref: string): string {
  return requiredText(ref, 'pod_sandbox_id');
}
