import type { MountSpec, NamespaceType, RuntimeSpec } from '@berth/model/runtime-spec';
import { mounts, readonlyPaths } from '../defaults/docker.ts';
import { newestVersion } from '../validate/rule/basic.ts';

export interface TemplateFacts {
  /** A machine with cgroup v2 alone gives each container a cgroup namespace. */
  readonly cgroupVersion: 1 | 2;
  /** For a caller that is not root: the ids to be root in the container. */
  readonly rootless?: { readonly uid: number; readonly gid: number };
}

const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/sys/firmware',
  '/proc/scsi',
];

/**
 * The config that `spec` writes: a shell in a terminal, with few capabilities and a read-only root. The same members
 * as those of runc, in the same order, so that what edits that one can edit this one.
 */
export function template(facts: TemplateFacts): RuntimeSpec {
  return {
    ociVersion: newestVersion,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'berth',
    mounts: facts.rootless === undefined ? rootMounts() : rootMounts().map(withoutRoot),
    linux: {
      ...(facts.rootless === undefined ? limits : mappings(facts.rootless)),
      namespaces: namespaceTypes(facts).map((type) => ({ type })),
      maskedPaths,
      readonlyPaths,
    },
  };
}

/** The text of a config.json. */
export function templateText(facts: TemplateFacts): string {
  return JSON.stringify(template(facts), undefined, '\t');
}

const limits = { resources: { devices: [{ allow: false, access: 'rwm' }] } };

function mappings({ uid, gid }: { readonly uid: number; readonly gid: number }) {
  return {
    uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
  };
}

/** Without root the network stays the host's: nobody could connect a new one to anything. */
function namespaceTypes({ cgroupVersion, rootless }: TemplateFacts): NamespaceType[] {
  const cgroup: NamespaceType[] = cgroupVersion === 2 ? ['cgroup'] : [];
  return rootless === undefined
    ? ['pid', 'network', 'ipc', 'uts', 'mount', ...cgroup]
    : ['pid', 'ipc', 'uts', 'mount', ...cgroup, 'user'];
}

/** Docker's mounts in the order of runc, and what differs there. */
function rootMounts(): MountSpec[] {
  const own: Readonly<Record<string, readonly string[]>> = {
    '/dev/shm': ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    '/sys/fs/cgroup': ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
  };
  const order = ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys', '/sys/fs/cgroup'];
  return order.flatMap((destination) => {
    const mount = mounts.find((each) => each.destination === destination);
    if (mount === undefined) return [];
    const { options, ...rest } = mount;
    if (destination === '/proc') return [rest];
    return [{ ...mount, options: own[destination] ?? options ?? [] }];
  });
}

/** sysfs can be mounted only by the owner of the network namespace, and ids other than 0 are not mapped. */
function withoutRoot(mount: MountSpec): MountSpec {
  if (mount.destination === '/sys') {
    return {
      destination: '/sys',
      type: 'none',
      source: '/sys',
      options: ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'],
    };
  }
  if (mount.options === undefined) return mount;
  return { ...mount, options: mount.options.filter((option) => !/^[ug]id=/.test(option)) };
}
