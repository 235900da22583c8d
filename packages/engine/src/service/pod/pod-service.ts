import type { CallContext } from '@berth/model/context';
import { isKind } from '@berth/model/error';
import type { PodBackend } from './backend.ts';
import type { PodService } from './contract.ts';
import type { PodEntry } from './entry.ts';
import { matchesPod } from './filter.ts';
import { removePod } from './remove.ts';
import { runPod } from './run.ts';
import { stopPod } from './stop.ts';
import { unlessAborted } from './unless-aborted.ts';

export function createPodService(backend: PodBackend): PodService {
  const { pods } = backend;
  return {
    run: (context, config, runtimeHandler) => runPod(backend, context, { config, runtimeHandler }),
    stop: async (context, ref) => {
      const pod = findIfThere(backend, context, ref);
      if (pod !== undefined) await unlessAborted(stopPod(backend, pod), context.signal);
    },
    remove: async (context, ref) => {
      const pod = findIfThere(backend, context, ref);
      if (pod !== undefined) await unlessAborted(removePod(backend, pod), context.signal);
    },
    inspect: (context, ref) => pods.find(context.namespace, ref).view(),
    list: (context, filter = {}) => {
      const views = pods.list(context.namespace).map((pod) => pod.view());
      return views.filter((view) => matchesPod(view, filter));
    },
    updateResources: async (context, ref, { overhead, resources }) => {
      const pod = pods.find(context.namespace, ref);
      const { config } = pod.record;
      const change = {
        ...(overhead === undefined ? {} : { overhead }),
        ...(resources === undefined ? {} : { resources }),
      };
      pod.change({ config: { ...config, ...change } });
      await pods.save(pod);
    },
  };
}

function findIfThere({ pods }: PodBackend, { namespace }: CallContext, ref: string): PodEntry | undefined {
  try {
    return pods.find(namespace, ref);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}
