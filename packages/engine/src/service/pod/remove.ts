import { backgroundContext } from '@berth/model/context';
import type { ContainerEntry } from '../container/entry.ts';
import { removeContainer } from '../container/remove.ts';
import type { PodBackend } from './backend.ts';
import { isBelow, removeMadeCgroup } from './cgroup-parent.ts';
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
    await leaveCgroup(backend, pod);
    await removePodFiles(backend.containers, pod.id);
    await backend.pods.delete(pod);
    // Left to this pod by another one while its row went.
    await leaveCgroup(backend, pod);
    const { config } = pod.record;
    backend.podNames.release(`${pod.namespace}/${sandboxName(config.metadata)}`);
    if (!pod.isHidden) backend.events.tell('deleted', pod.id, pod);
  });
}

/** What was made for the pod goes from its parent up, but what other pods are in: that is left to one of them. */
async function leaveCgroup({ pods, containers }: PodBackend, pod: PodEntry): Promise<void> {
  const { config, madeCgroup = '' } = pod.record;
  if (madeCgroup === '') return;
  const userOf = (cgroup: string) =>
    pods.all().find((other) => other !== pod && isBelow(other.record.config.cgroupParent, cgroup));
  const heir = userOf(madeCgroup);
  if (heir !== undefined) {
    heir.change({ madeCgroup });
    pod.change({ madeCgroup: '' });
    await pods.save(heir);
  }
  const isFree = (cgroup: string) => userOf(cgroup) === undefined;
  await removeMadeCgroup(containers.cgroups, config, { made: madeCgroup, isFree });
}

async function remove({ containers, log }: PodBackend, entry: ContainerEntry): Promise<void> {
  await removeContainer(containers, backgroundContext(log, entry.namespace), { entry, force: true });
}
