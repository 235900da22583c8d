import { posix } from 'node:path';
import type { MountSpec } from '@berth/model/runtime-spec';
import type { Bind, ContainerSpecInput } from './container-spec-input.ts';
import { mounts, shmSize } from './docker.ts';

/**
 * Docker's default mounts, then tmpfs and binds, shallow destinations first so that none hides
 * another. A user's mount takes the place of a default one at the same destination.
 */
export function specMounts(input: ContainerSpecInput): MountSpec[] {
  const own = [
    ...etcBinds(input).map(bindMount),
    ...(input.tmpfs ?? []).map(({ destination, options = [] }) => ({
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['noexec', 'nosuid', 'nodev', 'rprivate', ...options],
    })),
    ...(input.binds ?? []).map(bindMount),
  ].map((mount) => ({ ...mount, destination: clean(mount.destination) }));
  const taken = new Set(own.map(({ destination }) => destination));
  // A host /dev is whole: no other file system is put on top of parts of it.
  const hidden = (destination: string) => taken.has('/dev') && destination.startsWith('/dev/');
  const base = mounts
    .filter(({ destination }) => !taken.has(destination) && !hidden(destination))
    .map((mount) => adapt(mount, input));
  return [...base, ...lastOfEach(own).toSorted((a, b) => depth(a) - depth(b))];
}

/** Size of /dev/shm, a shared ipc namespace's own queues, and what privileged containers may write. */
function adapt(mount: MountSpec, input: ContainerSpecInput): MountSpec {
  const options = mount.options ?? [];
  const { destination } = mount;
  if (destination === '/dev/shm') {
    return { ...mount, options: [...options, `size=${input.shmSize || shmSize}`] };
  }
  const isKernel = destination === '/sys' || destination === '/sys/fs/cgroup';
  if (isKernel && input.privileged) {
    return { ...mount, options: options.map((option) => (option === 'ro' ? 'rw' : option)) };
  }
  return mount;
}

function bindMount({ source, destination, readonly, propagation, options = [] }: Bind): MountSpec {
  const access = readonly ? ['ro'] : [];
  return {
    destination,
    type: 'bind',
    source,
    options: ['rbind', ...access, propagation ?? 'rprivate', ...options],
  };
}

function etcBinds({ etc = {} }: ContainerSpecInput): Bind[] {
  const files = [
    { source: etc.resolvConf, destination: '/etc/resolv.conf' },
    { source: etc.hostname, destination: '/etc/hostname' },
    { source: etc.hosts, destination: '/etc/hosts' },
  ];
  return files.flatMap(({ source, destination }) => (source ? [{ source, destination }] : []));
}

/** Without doubled and trailing slashes: equal places must be equal texts. */
function clean(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}

/** The user's bind on /etc/hosts wins over the engine's own. */
function lastOfEach(list: readonly MountSpec[]): MountSpec[] {
  return [...new Map(list.map((mount) => [mount.destination, mount])).values()];
}

function depth({ destination }: MountSpec): number {
  return destination.split('/').filter((part) => part !== '').length;
}
