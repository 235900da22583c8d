import type { RuntimeSpec } from '@berth/model/runtime-spec';

type Writable<T> = T extends readonly (infer Item)[]
  ? Writable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Writable<T[Key]> }
    : T;

type Process = Writable<RuntimeSpec['process']> & { capabilities: Record<CapabilitySet, string[]> };
type CapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient';
type Linux = Writable<RuntimeSpec['linux']> & {
  resources: Writable<NonNullable<RuntimeSpec['linux']['resources']>>;
  maskedPaths: string[];
  readonlyPaths: string[];
};

/** A config.json that a case changes in place. */
export type Spec = Omit<Writable<RuntimeSpec>, 'process' | 'linux'> & { process: Process; linux: Linux };

const capabilities =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE';

/** A container like docker's: root with fourteen capabilities, in namespaces of its own. */
export function baseSpec(cgroupsPath: string): Spec {
  const held = () => capabilities.split(' ').map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.2',
    hostname: 'box',
    process: {
      user: { uid: 0, gid: 0 },
      args: ['/probe'],
      env: ['PATH=/bin'],
      cwd: '/',
      capabilities: { bounding: held(), effective: held(), permitted: held(), inheritable: [], ambient: [] },
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      tmpfs('/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      tmpfs('/dev/shm', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'network' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }],
      cgroupsPath,
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
}

export function tmpfs(destination: string, options: string[] = []): Writable<RuntimeSpec['mounts'][number]> {
  return { destination, type: 'tmpfs', source: 'tmpfs', options };
}

/** A bind mount of a host path. */
export function bind(
  source: string,
  destination: string,
  ...options: string[]
): Writable<RuntimeSpec['mounts'][number]> {
  return { destination, type: 'bind', source, options: ['rbind', ...options] };
}

/** A user namespace in which root is 100000 outside. */
export function userNamespace(spec: Spec, size = 65_536): void {
  spec.linux.namespaces.push({ type: 'user' });
  spec.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size }];
  spec.linux.gidMappings = [{ containerID: 0, hostID: 200_000, size }];
}

export function withoutNamespace(spec: Spec, type: string): void {
  spec.linux.namespaces = spec.linux.namespaces.filter((each) => each.type !== type);
}

/** Gives the process capabilities in the sets that are named; in bounding, effective and permitted by default. */
export function grant(
  spec: Spec,
  names: string[],
  sets = ['bounding', 'effective', 'permitted'] as CapabilitySet[],
): void {
  for (const set of sets) spec.process.capabilities[set].push(...names);
}
