import type { DoorOptions } from '../berth/door.ts';
import { openDoorSource } from '../berth/source.ts';
import { openDoorTarget } from '../berth/target.ts';
import { formatLocation, type Location } from '../location.ts';
import type { ImageSource, ImageTarget } from '../medium.ts';
import { SshConnections } from './connection.ts';

export type SshLocation = Location & { readonly medium: 'ssh' };

/** An image of a Berth on another machine. @throws invalid_argument; unavailable (`ssh_failed`) when it is used */
export async function openSshSource(location: SshLocation): Promise<ImageSource> {
  return await openDoorSource(doorOptions(location), location.name);
}

/** A name in a Berth on another machine: only what that one does not have is sent. @throws as the source */
export async function openSshTarget(location: SshLocation): Promise<ImageTarget> {
  return await openDoorTarget(doorOptions(location), location.name);
}

function doorOptions(location: SshLocation): DoorOptions {
  const connections = new SshConnections(location.host);
  return {
    title: formatLocation(location),
    namespace: location.namespace,
    connect: () => connections.connect(),
    explain: () => connections.explain(),
  };
}
