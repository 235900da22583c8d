import type { MountSpec } from '@berth/model/runtime-spec';

/** What decides the mounts that every container has. */
export interface BaseSetting {
  readonly privileged: boolean;
  readonly hostNetwork: boolean;
  /** The container is in a user namespace. */
  readonly user: boolean;
}

const kernel = ['nosuid', 'noexec', 'nodev'];

/** The kernel's own file systems, as the peers mount them; parents first. */
export function baseMounts(setting: BaseSetting): MountSpec[] {
  return [
    fileSystem('/proc', 'proc', kernel),
    fileSystem('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    fileSystem('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    fileSystem('/dev/mqueue', 'mqueue', kernel),
    sys(setting),
    cgroup(setting),
  ];
}

/** sysfs shows a network namespace, and only who owns that one may mount it: in a user namespace the host's is bound. */
function sys({ privileged, hostNetwork, user }: BaseSetting): MountSpec {
  if (!user || !hostNetwork) return fileSystem('/sys', 'sysfs', [...kernel, privileged ? 'rw' : 'ro']);
  return { destination: '/sys', type: 'bind', source: '/sys', options: ['rbind', 'rprivate', 'rro', ...kernel] };
}

/**
 * A privileged container gets the host's own tree, which it may manage. Bound and not mounted anew: a new cgroup2 mount in
 * the host's cgroup namespace takes its options as those of the whole host (nsdelegate would be gone).
 */
function cgroup({ privileged }: BaseSetting): MountSpec {
  const destination = '/sys/fs/cgroup';
  if (!privileged) return fileSystem(destination, 'cgroup', [...kernel, 'relatime', 'ro']);
  return { destination, type: 'bind', source: destination, options: ['rbind', 'rprivate', 'rw'] };
}

function fileSystem(destination: string, type: string, options: readonly string[]): MountSpec {
  return { destination, type, source: type, options };
}
