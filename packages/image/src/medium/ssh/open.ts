import type { DoorOptions } from '../berth/door.ts';
import { openDoorSource } from '../berth/source.ts';
import { openDoorTarget } from '../berth/target.ts';
import { formatLocation, type Location } from '../location.ts';
import type { ImageSource, ImageTarget } from '../medium.ts';
import { sshConnector } from './connection.ts';

export type SshLocation = Location & { readonly medium: 'ssh' };

/** An image of a Berth on another machine. @throws invalid_argument; when it is used failed_precondition (`ssh_failed`), unavailable (`ssh_lost`) */
export async function openSshSource(location: SshLocation): Promise<ImageSource> {
  return await openDoorSource(doorOptions(location), location.name);
}

/** A name in a Berth on another machine: only what that one does not have is sent. @throws as the source */
export async function openSshTarget(location: SshLocation): Promise<ImageTarget> {
  return await openDoorTarget(doorOptions(location), location.name);
}

function doorOptions(location: SshLocation): DoorOptions {
  const { host, namespace } = location;
  return { title: formatLocation(location), namespace, connect: sshConnector(host) };
}
