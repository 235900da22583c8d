import { PodSandboxConfigSchema } from '@berth/wire/gen/cri/v1/api_pb';
import type { ContainerView } from '#service/container/contract';
import type { PodView } from '#service/pod/contract';
import { goJson } from '../go-json.ts';
import { cniResult } from './cni-result.ts';
import { podConfigMessage } from './config-message.ts';

/**
 * The answer's `info` for `crictl inspectp`: one JSON text, with containerd's keys, which people's scripts read.
 * @param sandbox the pod's own process; absent while the pod is made, and after a removal that failed
 */
export function podInfo(pod: PodView, sandbox: ContainerView | undefined): Record<string, string> {
  const { config, runtimeHandler, netns, network, pid, phase } = pod;
  return {
    info: JSON.stringify({
      pid,
      processStatus: sandbox?.state.status === 'running' ? 'running' : 'stopped',
      netNamespaceClosed: config.security.namespaces.network !== 'node' && phase === 'stopped',
      netNamespacePath: netns,
      image: sandbox?.config.image ?? '',
      snapshotKey: sandbox?.snapshotKey ?? '',
      runtimeHandler,
      runtimeType: sandbox?.runtime ?? '',
      config: goJson(PodSandboxConfigSchema, podConfigMessage(config)),
      runtimeSpec: sandbox?.spec ?? null,
      cniResult: cniResult(network?.result),
    }),
  };
}
