import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';

/** Tells what happened to a container, with docker's attributes. */
export function publish(
  backend: Pick<ContainerBackend, 'events'>,
  entry: ContainerEntry,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { config } = entry.record;
  const attributes = { ...config.labels, image: config.image, name: entry.name, ...more };
  backend.events.publish({ type: 'container', action, id: entry.id, attributes });
}
