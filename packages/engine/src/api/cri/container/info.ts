import { ContainerConfigSchema } from '@berth/wire/gen/cri/v1/api_pb';
import type { ContainerView } from '#service/container/contract';
import type { PodContainerView } from '#service/pod/contract';
import { goJson } from '../go-json.ts';
import { containerConfigMessage } from './config-message.ts';

/** The answer's `info` for `crictl inspect`: one JSON text, with containerd's keys, which people's scripts read. */
export function containerInfo(view: PodContainerView, container: ContainerView): Record<string, string> {
  const { podId, pid, snapshotKey, part } = view;
  return {
    info: JSON.stringify({
      sandboxID: podId,
      pid,
      snapshotKey,
      runtimeType: container.runtime ?? '',
      config: goJson(ContainerConfigSchema, containerConfigMessage(part.config)),
      runtimeSpec: container.spec,
    }),
  };
}
