import { backgroundContext } from '@berth/model/context';
import type { ContainerEntry } from '../container/entry.ts';
import { removeContainer } from '../container/remove.ts';
import type { PodBackend } from './backend.ts';
import { removeMadeCgroup } from './cgroup-parent.ts';
import type { PodEntry } from './entry.ts';
import { removePodFiles } from './files.ts';
import { sandboxName } from './name.ts';
import { takeDown } from './take-down.ts';

/** Leaves nothing of a pod, also of one that was never ready. Its row goes last, its name after that. */
export async function removePod(backend: PodBackend, pod: PodEntry): Promise<void> {
  await pod.lock.run(async () => {
    if (pod.removed) return;
    if (pod.record.phase !== 'stopped' || pod.sandbox?.isRunning === true) await takeDown(backend, pod);
    await pod.close();
    await Promise.all([...pod.containers].map((container) => remove(backend, container)));
    if (pod.sandbox !== undefined) await remove(backend, pod.sandbox);
    const { config, madeCgroup } = pod.record;
    await removeMadeCgroup(backend.containers.cgroups, config, madeCgroup);
    await removePodFiles(backend.containers, pod.id);
    await backend.pods.delete(pod);
    backend.podNames.release(`${pod.namespace}/${sandboxName(config.metadata)}`);
    if (!pod.isHidden) backend.events.tell('deleted', pod.id, pod);
  });
}

async function remove({ containers, log }: PodBackend, entry: ContainerEntry): Promise<void> {
  await removeContainer(containers, backgroundContext(log, entry.namespace), { entry, force: true });
}
