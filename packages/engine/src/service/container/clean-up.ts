import { backgroundContext } from '@berth/model/context';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { placeOfEntry, runtimeOf } from './places.ts';

/** Takes away what a container's run left: processes, cgroups, mounts and the runtime's state. Once, unless it fails. */
export async function cleanUpRun(backend: ContainerBackend, entry: ContainerEntry): Promise<void> {
  if (entry.cleaned) return;
  const context = backgroundContext(backend.log, entry.namespace);
  await runtimeOf(backend, entry).cleanUp(context, placeOfEntry(backend, entry));
  entry.cleaned = true;
}
