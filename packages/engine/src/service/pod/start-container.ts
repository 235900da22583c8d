import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import type { ContainerEntry } from '../container/entry.ts';
import { startContainer } from '../container/start.ts';
import { type PodBackend, withoutClient } from './backend.ts';
import { checkTarget } from './process-target.ts';
import { partOf } from './views.ts';

/** Once in a container's life: what comes of it is on record, whoever still listens. */
export async function startPodContainer(backend: PodBackend, context: CallContext, ref: string): Promise<void> {
  const { pod, container } = backend.pods.findContainer(context.namespace, ref);
  await pod.use(async () => {
    const prepare = async (): Promise<void> => {
      checkTarget(backend, pod, container);
      await makeLogFolder(container);
    };
    await startContainer(backend.containers, withoutClient(context), { entry: container, attach: undefined, prepare });
  });
}

async function makeLogFolder(container: ContainerEntry): Promise<void> {
  const { logPath } = partOf(container);
  if (logPath !== '') await mkdir(path.dirname(logPath), { recursive: true, mode: 0o755 });
}
