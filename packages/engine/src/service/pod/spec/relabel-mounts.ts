import { relabel } from '@berth/runtime/launch/relabel';
import type { PodContainerSpecInput } from './contract.ts';
import type { ResolvedMount } from './pod-mount.ts';

/** Files that the container may use only with its own label: those that are asked for, and the pod's. */
export function relabelMounts(
  { files, pod }: PodContainerSpecInput,
  asked: readonly ResolvedMount[],
  label: string,
): void {
  const { hosts, hostname, resolvConf, shm } = files;
  const own =
    pod.security.namespaces.ipc === 'node' ? [hosts, hostname, resolvConf] : [hosts, hostname, resolvConf, shm];
  const wanted = asked.filter((mount) => mount.relabel).map(({ spec }) => spec.source ?? '');
  for (const place of [...own, ...wanted]) relabel(place, label);
}
