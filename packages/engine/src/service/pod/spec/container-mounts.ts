import type { MountSpec } from '@berth/model/runtime-spec';
import type { PodContainerSpecInput } from './contract.ts';
import { baseMounts } from './base-mounts.ts';
import { imageVolumeMounts } from './image-volume-mounts.ts';
import { byDepth } from './mount-order.ts';
import { isHostNetwork } from './namespaces.ts';
import { podMounts, type ResolvedMount } from './pod-mount.ts';
import type { UserMaps } from './user-namespace.ts';

/** All mounts of a container, in the order in which they are made, and those that were asked for. */
export interface ContainerMounts {
  readonly mounts: readonly MountSpec[];
  readonly asked: readonly ResolvedMount[];
}

/**
 * The kernel's file systems, the image's volumes, the pod's files, then what is asked for, which takes the place of all. Shallow destinations
 * first, so that none hides another.
 */
export function containerMounts(input: PodContainerSpecInput, maps: UserMaps | undefined): ContainerMounts {
  const { pod, config } = input;
  const asked = podMounts(config.mounts, input);
  const volumes = imageVolumeMounts(input.image);
  const own = lastOfEach([...volumes, ...podFiles(input, maps), ...asked.map(({ spec }) => spec)]);
  const taken = new Set(asked.map(({ spec }) => spec.destination));
  // A /dev of somebody else is whole: nothing of ours is put on top of parts of it.
  const hidden = (destination: string) => taken.has('/dev') && destination.startsWith('/dev/');
  const setting = {
    privileged: config.security.privileged,
    hostNetwork: isHostNetwork(pod),
    user: maps !== undefined,
  };
  const base = baseMounts(setting).filter(({ destination }) => !taken.has(destination));
  const kept = [...base, ...own].filter(({ destination }) => taken.has(destination) || !hidden(destination));
  return { mounts: byDepth(kept), asked };
}

/** Files of the pod that all of its containers see; in a user namespace they belong to the container's root too. */
function podFiles({ files, config }: PodContainerSpecInput, maps: UserMaps | undefined): MountSpec[] {
  const access = config.security.readonlyRootfs ? 'ro' : 'rw';
  const bind = (source: string, destination: string) => ({
    destination,
    type: 'bind',
    source,
    options: ['rbind', 'rprivate', access],
    ...maps,
  });
  const shm = { destination: '/dev/shm', type: 'bind', source: files.shm, options: ['rbind', 'rprivate', 'rw'] };
  return [
    bind(files.hostname, '/etc/hostname'),
    bind(files.hosts, '/etc/hosts'),
    bind(files.resolvConf, '/etc/resolv.conf'),
    shm,
  ];
}

function lastOfEach(list: readonly MountSpec[]): MountSpec[] {
  return [...new Map(list.map((mount) => [mount.destination, mount])).values()];
}
