import type { BadSpec } from './example.ts';

/** In these the machine has no time namespaces, and /proc/1/ns/TYPE is its own of each type. */
const joined = (type: string) => ({ 'linux.namespaces': [{ type: 'mount' }, { type, path: `/proc/1/ns/${type}` }] });

/** Valid specs that this machine cannot run. */
export const hostSpecs: readonly BadSpec[] = [
  [
    'spec.namespace_unavailable',
    'linux.namespaces[1].type',
    { 'linux.namespaces': [{ type: 'mount' }, { type: 'time' }] },
  ],
  [
    'spec.namespace_path_missing',
    'linux.namespaces[1].path',
    { 'linux.namespaces': [{ type: 'mount' }, { type: 'network', path: '/run/netns/gone' }] },
  ],
  [
    'spec.host_namespace_changed',
    'linux.sysctl["net.ipv4.ip_forward"]',
    { ...joined('network'), 'linux.sysctl': { 'net.ipv4.ip_forward': '1' } },
  ],
  [
    'spec.host_namespace_changed',
    'linux.sysctl["kernel.shmmax"]',
    { ...joined('ipc'), 'linux.sysctl': { 'kernel.shmmax': '1' } },
  ],
  ['spec.host_namespace_changed', 'linux.netDevices', { ...joined('network'), 'linux.netDevices': { eth0: {} } }],
  ['spec.host_namespace_changed', 'hostname', { ...joined('uts'), hostname: 'h' }],
  [
    'spec.host_namespace_changed',
    'mounts',
    {
      'linux.namespaces': [{ type: 'mount', path: '/proc/1/ns/mount' }],
      mounts: [{ destination: '/x', type: 'tmpfs' }],
    },
  ],
];
