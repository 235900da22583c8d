import type { PodBackend } from './backend.ts';
import type { PodEntry } from './entry.ts';
import { takeDown } from './take-down.ts';

/** Ends the pod's containers at once, then takes its network down. Goes on without the client; once it is done, again is nothing. */
export async function stopPod(backend: PodBackend, pod: PodEntry): Promise<void> {
  await pod.lock.run(async () => {
    if (pod.removed || (pod.record.phase === 'stopped' && pod.sandbox?.isRunning !== true)) return;
    await takeDown(backend, pod);
    pod.change({ phase: 'stopped', netns: '' });
    await backend.pods.save(pod);
  });
}
