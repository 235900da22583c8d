import { backgroundContext } from '@berth/model/context';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { containerExited, containerLost } from './exit.ts';
import { placeOfEntry, runtimeOf } from './places.ts';
import { Task } from './task.ts';

/** A task of this container, not yet connected to a shim. */
export function taskOf(backend: ContainerBackend, entry: ContainerEntry): Task {
  return new Task({
    place: placeOfEntry(backend, entry),
    handler: runtimeOf(backend, entry),
    context: backgroundContext(backend.log, entry.namespace),
    onExit: (exit) => void containerExited(backend, entry, exit),
    onLost: () => void containerLost(backend, entry),
  });
}
