import { backgroundContext } from '@berth/model/context';
import type { ContainerEntry } from '../container/entry.ts';
import { StopLoop } from '../container/stop.ts';
import { attachmentOf, isInHostNetwork } from './attachment.ts';
import type { PodBackend } from './backend.ts';
import type { PodEntry } from './entry.ts';
import { removePodMounts } from './files.ts';

const SIGKILL = 9;

/** Ends all that runs in the pod and takes its network down. Each step may have been done before, by a daemon that died. */
export async function takeDown(backend: PodBackend, pod: PodEntry): Promise<void> {
  await pod.close();
  await Promise.all([...pod.containers].map((container) => end(backend, container)));
  await Promise.all([endSandbox(backend, pod), takeNetworkDown(backend, pod)]);
  await backend.imageVolumes.release(backgroundContext(backend.log, pod.namespace), pod.id);
  await removePodMounts(backend.containers, pod.id);
}

async function endSandbox(backend: PodBackend, { sandbox }: PodEntry): Promise<void> {
  if (sandbox !== undefined) await end(backend, sandbox);
}

async function end({ log }: PodBackend, container: ContainerEntry): Promise<void> {
  await StopLoop.run(container, { signal: SIGKILL, timeout: 0 }, log);
}

async function takeNetworkDown(backend: PodBackend, pod: PodEntry): Promise<void> {
  const { config, netns } = pod.record;
  if (isInHostNetwork(config)) return;
  const attachment = attachmentOf(pod);
  const isThere = netns !== '' && backend.namespaces.exists(netns);
  const context = backgroundContext(backend.log, pod.namespace);
  await backend.network.detach(context, isThere ? attachment : { ...attachment, netns: '' });
  if (netns !== '') backend.namespaces.remove(netns);
}
