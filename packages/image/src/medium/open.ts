import { BerthError } from '@berth/model/error';
import type { RegistryClient } from '../registry/contract.ts';
import type { Location } from './location.ts';
import type { ImageSource, ImageTarget } from './medium.ts';

/** What media need of one side of a copy, besides the location. */
export interface MediumAccess {
  readonly signal: AbortSignal;
  /** Folder for what has to be decompressed or exported before it can be read. */
  readonly scratch: string;
  /** The client with this side's credentials; opened when a registry is, and closed by whoever gave it. */
  readonly registry?: () => Promise<RegistryClient>;
  /** As DOCKER_HOST has it, which is taken when this is absent. */
  readonly dockerHost?: string;
  /** Socket of containerd; CONTAINERD_ADDRESS, else its usual place when absent. */
  readonly containerdAddress?: string;
  /** Socket of Berth's daemon. */
  readonly berthSocket?: string;
}

/** The media are loaded when they are opened: those of the network cost a short command more than it does itself. */
export async function openSource(location: Location, access: MediumAccess): Promise<ImageSource> {
  const { signal, scratch } = access;
  switch (location.medium) {
    case 'oci':
      return await (await import('./oci/source.ts')).openOciSource(location, { signal, scratch });
    case 'oci-archive':
      return await (await import('./oci-archive/open.ts')).openOciArchiveSource(location, { signal, scratch });
    case 'docker-archive':
      return await (await import('./docker-archive/open.ts')).openDockerArchiveSource(location, { signal, scratch });
    case 'dir':
      return await (await import('./dir/source.ts')).openDirSource(location.path);
    case 'docker':
      return await (await import('./docker/source.ts')).openDockerSource(dockerOptions(access), location.name);
    case 'containerd':
      return await (await import('./containerd/source.ts')).openContainerdSource(containerdAccess(access), location);
    case 'berth':
      return await (await import('./berth/open.ts')).openBerthSource(berthAccess(access), location);
    case 'ssh':
      return await (await import('./ssh/open.ts')).openSshSource(location);
    case 'registry':
      return (await import('./registry/source.ts')).openRegistrySource(await client(access), location.reference);
  }
}

/** @throws as the medium, when it cannot be written; nothing is there yet when it can */
export async function openTarget(location: Location, access: MediumAccess): Promise<ImageTarget> {
  switch (location.medium) {
    case 'oci':
      return await (await import('./oci/target.ts')).openOciTarget(location, access.signal);
    case 'oci-archive':
      return await (await import('./oci-archive/open.ts')).openOciArchiveTarget(location);
    case 'docker-archive':
      return await (await import('./docker-archive/open.ts')).openDockerArchiveTarget(location);
    case 'dir':
      return await (await import('./dir/target.ts')).openDirTarget(location.path);
    case 'docker':
      return await (await import('./docker/target.ts')).openDockerTarget(dockerOptions(access), location.name);
    case 'containerd':
      return await (await import('./containerd/target.ts')).openContainerdTarget(containerdAccess(access), location);
    case 'berth':
      return await (await import('./berth/open.ts')).openBerthTarget(berthAccess(access), location);
    case 'ssh':
      return await (await import('./ssh/open.ts')).openSshTarget(location);
    case 'registry':
      return (await import('./registry/target.ts')).openRegistryTarget(await client(access), location.reference);
  }
}

function dockerOptions({ signal, scratch, dockerHost }: MediumAccess) {
  return { signal, scratch, ...(dockerHost === undefined ? {} : { host: dockerHost }) };
}

function containerdAccess({ signal, containerdAddress }: MediumAccess) {
  return { signal, ...(containerdAddress === undefined ? {} : { address: containerdAddress }) };
}

function berthAccess({ berthSocket }: MediumAccess) {
  return berthSocket === undefined ? {} : { socket: berthSocket };
}

async function client({ registry }: MediumAccess): Promise<RegistryClient> {
  if (registry !== undefined) return await registry();
  throw new BerthError('internal', 'a registry was named where none can be reached');
}
