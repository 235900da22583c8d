import { connect } from 'node:net';
import { formatLocation } from '../location.ts';
import type { ImageSource, ImageTarget } from '../medium.ts';
import type { DoorOptions } from './door.ts';
import { openDoorSource } from './source.ts';
import { openDoorTarget } from './target.ts';

export interface BerthAccess {
  /** The daemon's; BERTH_SOCKET, that of BERTH_RUN, else its usual place when absent. */
  readonly socket?: string;
}

export interface BerthPlace {
  readonly namespace: string;
  readonly name: string;
}

/** An image of a Berth daemon on this machine. @throws invalid_argument; unavailable when it is used */
export async function openBerthSource(access: BerthAccess, place: BerthPlace): Promise<ImageSource> {
  return await openDoorSource(doorOptions(access, place), place.name);
}

/** A name in a Berth daemon on this machine. @throws as the source */
export async function openBerthTarget(access: BerthAccess, place: BerthPlace): Promise<ImageTarget> {
  return await openDoorTarget(doorOptions(access, place), place.name);
}

function doorOptions({ socket = usualSocket() }: BerthAccess, place: BerthPlace): DoorOptions {
  const { namespace } = place;
  return { title: formatLocation({ medium: 'berth', ...place }), namespace, connect: () => connect(socket) };
}

function usualSocket(): string {
  const { BERTH_SOCKET: socket, BERTH_RUN: run = '/run/berth' } = process.env;
  return socket ?? `${run}/berth.sock`;
}
