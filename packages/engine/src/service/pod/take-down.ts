import { setTimeout } from 'node:timers/promises';
import { backgroundContext } from '@berth/model/context';
import type { ContainerEntry } from '../container/entry.ts';
import { StopLoop } from '../container/stop.ts';
import { attachmentOf, isInHostNetwork } from './attachment.ts';
import type { PodBackend } from './backend.ts';
import type { PodEntry } from './entry.ts';
import { removePodMounts } from './files.ts';

const SIGKILL = 9;
/** How long what has begun in the pod may take before its processes are ended all the same, ms. */
const startPatience = 10_000;

/** Ends all that runs in the pod and takes its network down. Each step may have been done before, by a daemon that died. */
export async function takeDown(backend: PodBackend, pod: PodEntry, patience = startPatience): Promise<void> {
  const closed = pod.close();
  // A start that hangs must not keep the others alive, and may hang for one of them.
  await Promise.race([closed, setTimeout(patience, undefined, { ref: false })]);
  await endContainers(backend, pod);
  await Promise.all([endSandbox(backend, pod), noteStopping(backend, pod).then(() => takeNetworkDown(backend, pod))]);
  await closed;
  // Whose start came to its end only now.
  await endContainers(backend, pod);
  await backend.imageVolumes.release(backgroundContext(backend.log, pod.namespace), pod.id);
  await removePodMounts(backend.containers, pod.id);
}

/** On record before the network goes: a pod whose sandbox a crash leaves alive without it must not be taken for a ready one. */
async function noteStopping({ pods }: PodBackend, pod: PodEntry): Promise<void> {
  if (pod.record.phase !== 'running') return;
  pod.change({ phase: 'stopping' });
  await pods.save(pod);
}

async function endContainers(backend: PodBackend, { containers }: PodEntry): Promise<void> {
  await Promise.all([...containers].map((container) => end(backend, container)));
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
