import type { ContainerView } from '#service/container/contract';
import type { PodView } from '#service/pod/contract';

/**
 * The answer's `info` for `crictl inspectp`: one JSON text, with containerd's keys, which people's scripts read.
 * @param sandbox the pod's own process
 */
export function podInfo(pod: PodView, sandbox: ContainerView): Record<string, string> {
  const { config, runtimeHandler, netns, network, pid, phase } = pod;
  return {
    info: JSON.stringify({
      pid,
      processStatus: sandbox.state.status === 'running' ? 'running' : 'stopped',
      netNamespaceClosed: netns !== '' && phase === 'stopped',
      netns,
      runtimeHandler,
      runtimeType: sandbox.runtime ?? 'berth',
      config,
      runtimeSpec: sandbox.spec,
      cniResult: network?.result ?? null,
    }),
  };
}
