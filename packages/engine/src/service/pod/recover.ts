import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { asError, errnoName } from '@berth/model/error';
import { backgroundContext } from '@berth/model/context';
import { removeContainer } from '../container/remove.ts';
import type { ContainerEntry } from '../container/entry.ts';
import type { PodBackend } from './backend.ts';
import { containerReservation } from './create-container.ts';
import type { PodEntry } from './entry.ts';
import { podFolders, removePodFiles } from './files.ts';
import { removePod } from './remove.ts';
import { stopPod } from './stop.ts';
import { podReservation } from './run.ts';
import { partOf } from './views.ts';

/** How long half-made pods may take to go before the engine serves others, ms. They are seen, not ready, from then on. */
const patience = 10_000;

/**
 * Finds the pods again after a restart of the daemon, when their processes have been (`recoverContainers`): pods that were
 * being made are taken back, what belongs to none is removed, and names are reserved as they were.
 */
export async function recoverPods(backend: PodBackend): Promise<void> {
  const { containers, pods, log } = backend;
  const strays = gatherMembers(backend);
  for (const pod of pods.all()) reserve(backend, pod);
  const finished = Promise.all([
    ...strays.map((entry) => attempt(log, entry.id, () => removeStray(containers, entry))),
    ...pods.all().map((pod) => attempt(log, pod.id, () => finish(backend, pod))),
  ]);
  // A plugin that hangs must not keep the engine from everybody else.
  await Promise.race([finished, sleep(patience, undefined, { ref: false })]);
  await sweep(backend);
}

/** Answers containers whose pod is none: its row was not written, or went already. */
function gatherMembers({ containers, pods }: PodBackend): ContainerEntry[] {
  const strays: ContainerEntry[] = [];
  for (const entry of containers.registry.list()) {
    const { pod: part } = entry.record;
    if (part === undefined) continue;
    const pod = pods.get(part.podId);
    if (pod === undefined) strays.push(entry);
    else pods.addMember(pod, entry);
  }
  return strays;
}

async function removeStray(containers: PodBackend['containers'], entry: ContainerEntry): Promise<void> {
  await removeContainer(containers, backgroundContext(containers.log, entry.namespace), { entry, force: true });
}

function reserve({ podNames, containerNames }: PodBackend, pod: PodEntry): void {
  const { id, record } = pod;
  const { name, asked } = podReservation(pod.namespace, record);
  podNames.restore(name, asked, { id, handed: record.handed === true || record.phase === 'making' });
  for (const container of pod.containers) {
    const own = containerReservation(pod, partOf(container).config);
    containerNames.restore(own.name, own.asked, { id: container.id, handed: container.record.pod?.handed === true });
  }
}

/** A pod that was being made goes, one that was being stopped is. They are seen, not ready, until that succeeds. */
async function finish(backend: PodBackend, pod: PodEntry): Promise<void> {
  if (pod.record.phase === 'making') await removePod(backend, pod);
  if (pod.record.phase === 'stopping') await stopPod(backend, pod);
}

async function sweep(backend: PodBackend): Promise<void> {
  const { containers, imageVolumes, namespaces, network, pods, log } = backend;
  const ids = pods.all().map(({ id }) => id);
  const netns = new Set(pods.all().map(({ record }) => record.netns));
  const { files, mounts } = podFolders(containers);
  const folders = new Set([...(await namesIn(files)), ...(await namesIn(mounts))]);
  // The network first: its plugins may want to see the namespace.
  await attempt(log, 'network', () => network.collect(backgroundContext(log), withNetwork(pods.all())));
  for (const path of namespaces.list()) if (!netns.has(path)) await attempt(log, path, () => namespaces.remove(path));
  await attempt(log, 'image volumes', () => imageVolumes.sweep((id) => ids.includes(id)));
  for (const id of folders) if (!ids.includes(id)) await attempt(log, id, () => removePodFiles(containers, id));
}

/** Of a pod that is stopped something may be left: the network goes on with its work behind the answer. */
function withNetwork(pods: readonly PodEntry[]): string[] {
  return pods.filter(({ record }) => record.phase !== 'stopped').map(({ id }) => id);
}

/** One thing that fails must not keep the engine from the others. */
async function attempt(log: PodBackend['log'], id: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    log.error('a pod could not be recovered', { id, error: asError(error).message });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
