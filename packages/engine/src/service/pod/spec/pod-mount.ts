import { mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { errnoName } from '@berth/model/error';
import type { PodMount } from '@berth/model/pod-config';
import type { MountSpec } from '@berth/model/runtime-spec';
import type { PodMountStatus } from '../contract.ts';
import type { PodContainerSpecInput } from './contract.ts';
import { badField } from './field-error.ts';
import { propagationOf } from './mount-propagation.ts';
import { idMappings } from './user-namespace.ts';

/** A mount of a container as it was asked for, and as the runtime and the status have it. */
export interface ResolvedMount {
  readonly spec: MountSpec;
  readonly status: PodMountStatus;
  /** Its files get the container's SELinux label. */
  readonly relabel: boolean;
}

type MountSetting = Pick<PodContainerSpecInput, 'imageVolumes' | 'host'>;

/**
 * The mounts that are asked for, with their sources looked up on the host: links followed, missing folders made.
 * @throws invalid_argument naming the mount
 */
export function podMounts(mounts: readonly PodMount[], setting: MountSetting): ResolvedMount[] {
  return mounts.map((mount, index) => {
    const field = `mounts[${index}]`;
    if (mount.containerPath === '') throw badField(`${field}.container_path`, 'is empty');
    const destination = path.posix.join('/', mount.containerPath).replace(/(.)\/$/, '$1');
    if (destination === '/') throw badField(`${field}.container_path`, 'nothing can be mounted on /');
    return mount.image === undefined
      ? hostMount({ ...mount, hostPath: sourceOf(mount, field) }, { field, destination, setting })
      : imageMount(mount, { field, destination, setting, index });
  });
}

interface Place {
  readonly field: string;
  readonly destination: string;
  readonly setting: MountSetting;
}

function hostMount(mount: PodMount, { field, destination, setting }: Place): ResolvedMount {
  const access = accessOf(mount, field, setting);
  const options = ['rbind', propagationOf(mount, field), access];
  return {
    spec: { destination, type: 'bind', source: mount.hostPath, options, ...mapsOf(mount, field) },
    status: mount,
    relabel: mount.selinuxRelabel,
  };
}

/** Read-only, as all that containers share of an image. It is mounted with mapped ids already, where there are some. */
function imageMount(mount: PodMount, place: Place & { readonly index: number }): ResolvedMount {
  const { field, destination, setting, index } = place;
  if (mount.hostPath !== '') throw badField(`${field}.host_path`, 'an image volume has no path of the host');
  if (!mount.readonly) throw badField(`${field}.readonly`, 'an image volume is read-only');
  if (mount.propagation !== 'private') throw badField(`${field}.propagation`, 'an image volume is private');
  const volume = setting.imageVolumes.get(index);
  if (volume === undefined) throw badField(`${field}.image`, 'the image volume is not mounted');
  const options = ['rbind', 'rprivate', 'ro'];
  return {
    spec: { destination, type: 'bind', source: volume.path, options },
    status: { ...mount, imageDigest: volume.digest },
    relabel: false,
  };
}

function accessOf(mount: PodMount, field: string, { host }: MountSetting): 'ro' | 'rw' | 'rro' {
  if (!mount.recursiveReadonly) return mount.readonly ? 'ro' : 'rw';
  const name = `${field}.recursive_read_only`;
  if (!mount.readonly) throw badField(name, 'needs readonly beside it');
  if (mount.propagation !== 'private') throw badField(name, 'needs the private propagation');
  if (!host.recursiveReadonly)
    throw badField(name, 'the runtime handler cannot do it', 'see its features in the status');
  return 'rro';
}

function mapsOf({ uidMappings, gidMappings }: PodMount, field: string): Pick<MountSpec, 'uidMappings' | 'gidMappings'> {
  if (uidMappings.length === 0 && gidMappings.length === 0) return {};
  if (uidMappings.length === 0 || gidMappings.length === 0) {
    throw badField(
      `${field}.${uidMappings.length === 0 ? 'uid_mappings' : 'gid_mappings'}`,
      'an idmapped mount needs both',
    );
  }
  return { uidMappings: idMappings(uidMappings), gidMappings: idMappings(gidMappings) };
}

/** With links followed, so that the runtime and the status see the same. */
function sourceOf({ hostPath }: PodMount, field: string): string {
  if (!path.isAbsolute(hostPath)) throw badField(`${field}.host_path`, `not an absolute path: '${hostPath}'`);
  try {
    return realpathSync(hostPath);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw badSource(field, hostPath, error);
  }
  try {
    mkdirSync(hostPath, { recursive: true, mode: 0o755 });
    return realpathSync(hostPath);
  } catch (error) {
    throw badSource(field, hostPath, error);
  }
}

function badSource(field: string, hostPath: string, cause: unknown) {
  return badField(
    `${field}.host_path`,
    `${hostPath} cannot be used: ${errnoName(cause)}`,
    'check the path on the node',
  );
}
