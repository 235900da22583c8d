import { backgroundContext, type CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import { publish } from '../container/publish.ts';
import { removeContainer } from '../container/remove.ts';
import type { ContainerEntry } from '../container/entry.ts';
import { StopLoop } from '../container/stop.ts';
import type { PodBackend } from './backend.ts';
import type { PodContainerService, PodContainerView } from './contract.ts';
import { checkpointContainer } from './checkpoint.ts';
import { createPodContainer } from './create-container.ts';
import type { PodEntry } from './entry.ts';
import { execSync } from './exec-sync.ts';
import { matchesContainer } from './filter.ts';
import { startPodContainer } from './start-container.ts';
import { unlessAborted } from './unless-aborted.ts';
import { notRunning, updateContainer } from './update-container.ts';
import { containerView } from './views.ts';

export function createPodContainerService(backend: PodBackend): PodContainerService {
  const { pods } = backend;
  const remove = (entry: ContainerEntry): Promise<void> =>
    removeContainer(backend.containers, backgroundContext(backend.log, entry.namespace), { entry, force: true });
  const find = (context: CallContext, ref: string) => pods.findContainer(context.namespace, ref);
  return {
    create: (context, ref, config) => createPodContainer(backend, context, { ref, config }),
    start: (context, ref) => unlessAborted(startPodContainer(backend, context, ref), context.signal),
    stop: async (context, ref, timeout) => {
      const found = findIfThere(backend, context, ref);
      if (found !== undefined) await unlessAborted(stop(backend, found.container, timeout), context.signal);
    },
    remove: async (context, ref) => {
      const found = findIfThere(backend, context, ref);
      if (found !== undefined) await unlessAborted(remove(found.container), context.signal);
    },
    inspect: (context, ref) => {
      const { pod, container } = find(context, ref);
      return containerView(pod, container);
    },
    list: (context, filter = {}) => listContainers(backend, context).filter((view) => matchesContainer(view, filter)),
    updateResources: (context, ref, resources) => updateContainer(backend, context, { ref, resources }),
    reopenLog: async (context, ref) => {
      const { container } = find(context, ref);
      if (container.task === undefined) throw notRunning(container);
      await container.task.reopenLog();
    },
    execSync: async (context, ref, request) =>
      await execSync(backend.execs, context, { ...request, container: find(context, ref).container.id }),
    checkpoint: (context, ref, request) => checkpointContainer(backend, context, { ref, request }),
  };
}

function listContainers({ pods }: PodBackend, { namespace }: CallContext): PodContainerView[] {
  const views = pods
    .list(namespace)
    .flatMap((pod) => [...pod.containers].map((container) => containerView(pod, container)));
  return views.toSorted((a, b) => b.createdAt - a.createdAt);
}

interface Found {
  readonly pod: PodEntry;
  readonly container: ContainerEntry;
}

function findIfThere({ pods }: PodBackend, { namespace }: CallContext, ref: string): Found | undefined {
  try {
    return pods.findContainer(namespace, ref);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

async function stop({ containers, log }: PodBackend, container: ContainerEntry, timeout: number): Promise<void> {
  // The end of a start that is under way: else it would run after it was stopped.
  if (container.state.status === 'created') await container.lock.run(() => Promise.resolve());
  if (!container.isRunning) return;
  const signal = container.record.stopSignal;
  await StopLoop.run(container, { signal, timeout: Math.max(0, timeout) * 1000 }, log);
  publish(containers, container, 'stop');
}
