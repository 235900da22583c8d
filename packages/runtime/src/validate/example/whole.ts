import { bind, id, mapped, mappings, namespaces, noNamespaces, withUser } from './example.ts';
import type { BadSpec } from './example.ts';

/** Contradictions of one part with another. */
export const badWholes: readonly BadSpec[] = [
  ['spec.version_malformed', 'ociVersion', { ociVersion: '1.0' }],
  ['spec.version_malformed', 'ociVersion', { ociVersion: 'v1.0.0' }],
  ['spec.version_unsupported', 'ociVersion', { ociVersion: '2.0.0' }],
  ['spec.version_unsupported', 'ociVersion', { ociVersion: '0.5.0-dev' }],
  ['spec.root_path_empty', 'root.path', { root: { path: '' } }],
  ['spec.hostname_without_uts', 'hostname', { hostname: 'h', 'linux.namespaces': namespaces('mount') }],
  ['spec.domainname_without_uts', 'domainname', { domainname: 'd', 'linux.namespaces': namespaces('mount') }],
  ['spec.hostname_too_long', 'hostname', { hostname: 'h'.repeat(65) }],
  ['spec.domainname_too_long', 'domainname', { domainname: 'ä'.repeat(33) }],
  ['spec.cgroups_path_escapes', 'linux.cgroupsPath', { 'linux.cgroupsPath': '/a/../../b' }],
  ['spec.namespace_duplicate', 'linux.namespaces[1].type', { 'linux.namespaces': namespaces('mount', 'mount') }],
  [
    'spec.namespace_path_relative',
    'linux.namespaces[1].path',
    { 'linux.namespaces': [{ type: 'mount' }, { type: 'pid', path: 'proc/1/ns/pid' }] },
  ],
  [
    'spec.paths_without_mount_namespace',
    'linux.maskedPaths',
    { 'linux.maskedPaths': ['/proc/kcore'], 'linux.namespaces': [] },
  ],
  [
    'spec.paths_without_mount_namespace',
    'linux.readonlyPaths',
    { 'linux.readonlyPaths': ['/proc/sys'], 'linux.namespaces': [] },
  ],
  ['spec.mount_namespace_missing', 'linux.namespaces', { 'linux.namespaces': [{ type: 'pid' }] }],
  ['spec.paths_without_mount_namespace', 'mounts', { mounts: [bind()], 'linux.namespaces': [] }],
  ['spec.time_offsets_without_time', 'linux.timeOffsets', { 'linux.timeOffsets': { boottime: { secs: 1 } } }],
  [
    'spec.time_offsets_of_joined',
    'linux.timeOffsets',
    {
      'linux.namespaces': [{ type: 'mount' }, { type: 'time', path: '/proc/1/ns/time' }],
      'linux.timeOffsets': { boottime: { secs: 1 } },
    },
  ],
  [
    'spec.time_offset_nanoseconds',
    'linux.timeOffsets.monotonic.nanosecs',
    { 'linux.namespaces': namespaces('mount', 'time'), 'linux.timeOffsets': { monotonic: { nanosecs: 1e9 } } },
  ],
  ['spec.masked_path_relative', 'linux.maskedPaths[1]', { 'linux.maskedPaths': ['/a', 'proc/kcore'] }],
  ['spec.readonly_path_relative', 'linux.readonlyPaths[0]', { 'linux.readonlyPaths': [''] }],
  ['spec.hook_path_relative', 'hooks.createRuntime[0].path', { hooks: { createRuntime: [{ path: 'hook' }] } }],
  [
    'spec.hook_path_relative',
    'hooks.startContainer[1].path',
    { hooks: { startContainer: [{ path: '/a' }, { path: './b' }] } },
  ],
  ['spec.sysctl_malformed', 'linux.sysctl["net..ipv4"]', { 'linux.sysctl': { 'net..ipv4': '1' } }],
  ['spec.sysctl_malformed', 'linux.sysctl["net/../kernel/x"]', { 'linux.sysctl': { 'net/../kernel/x': '1' } }],
  ['spec.sysctl_hostname', 'linux.sysctl["kernel.hostname"]', { 'linux.sysctl': { 'kernel.hostname': 'x' } }],
  ['spec.sysctl_not_namespaced', 'linux.sysctl["kernel.pid_max"]', { 'linux.sysctl': { 'kernel.pid_max': '9' } }],
  ['spec.sysctl_not_namespaced', 'linux.sysctl["vm/swappiness"]', { 'linux.sysctl': { 'vm/swappiness': '9' } }],
  [
    'spec.sysctl_namespace_not_owned',
    'linux.sysctl["net.ipv4.ip_forward"]',
    noNamespaces({ 'net.ipv4.ip_forward': '1' }),
  ],
  [
    'spec.sysctl_namespace_not_owned',
    'linux.sysctl["user.max_pid_namespaces"]',
    noNamespaces({ 'user.max_pid_namespaces': '1' }),
  ],
  ['spec.sysctl_namespace_not_owned', 'linux.sysctl["kernel.shmmax"]', noNamespaces({ 'kernel.shmmax': '1' })],
  ['spec.sysctl_namespace_not_owned', 'linux.sysctl["fs.mqueue.msg_max"]', noNamespaces({ 'fs.mqueue.msg_max': '1' })],
  ['spec.sysctl_namespace_not_owned', 'linux.sysctl["kernel.domainname"]', noNamespaces({ 'kernel.domainname': 'x' })],
  [
    'spec.net_devices_without_network',
    'linux.netDevices',
    { 'linux.netDevices': { eth0: {} }, 'linux.namespaces': [{ type: 'mount' }] },
  ],
  ['spec.net_device_name', 'linux.netDevices["a/b"]', { 'linux.netDevices': { 'a/b': { name: 'c' } } }],
  ['spec.net_device_name', 'linux.netDevices["."]', { 'linux.netDevices': { '.': { name: 'c' } } }],
  ['spec.net_device_name', 'linux.netDevices.eth0.name', { 'linux.netDevices': { eth0: { name: 'a:b' } } }],
  ['spec.net_device_name', 'linux.netDevices.eth0.name', { 'linux.netDevices': { eth0: { name: 'e'.repeat(16) } } }],
  ['spec.net_device_name', 'linux.netDevices.eth0.name', { 'linux.netDevices': { eth0: { name: 'eth%d' } } }],
  [
    'spec.net_device_duplicate',
    'linux.netDevices.eth1',
    { 'linux.netDevices': { eth0: { name: 'n' }, eth1: { name: 'n' } } },
  ],
  ['spec.net_device_duplicate', 'linux.netDevices.eth0', { 'linux.netDevices': { eth0: { name: 'lo' } } }],
  ['spec.device_path_relative', 'linux.devices[0].path', { 'linux.devices': [{ path: 'x', type: 'p' }] }],
  ['spec.device_number_missing', 'linux.devices[0].minor', { 'linux.devices': [{ path: '/x', type: 'c', major: 1 }] }],
  [
    'spec.device_number_range',
    'linux.devices[0].major',
    { 'linux.devices': [{ path: '/x', type: 'b', major: 4096, minor: 0 }] },
  ],
  [
    'spec.device_number_range',
    'linux.devices[0].minor',
    { 'linux.devices': [{ path: '/x', type: 'u', major: 1, minor: -1 }] },
  ],
  ['spec.memory_policy_list', 'linux.memoryPolicy.nodes', { 'linux.memoryPolicy': { mode: 'MPOL_BIND', nodes: '0-' } }],
  ['spec.memory_policy_nodes', 'linux.memoryPolicy.nodes', { 'linux.memoryPolicy': { mode: 'MPOL_BIND' } }],
  [
    'spec.memory_policy_nodes',
    'linux.memoryPolicy.nodes',
    { 'linux.memoryPolicy': { mode: 'MPOL_LOCAL', nodes: '0' } },
  ],
  [
    'spec.memory_policy_flags',
    'linux.memoryPolicy.flags',
    {
      'linux.memoryPolicy': { mode: 'MPOL_BIND', nodes: '0', flags: ['MPOL_F_STATIC_NODES', 'MPOL_F_RELATIVE_NODES'] },
    },
  ],
  [
    'spec.memory_policy_flags',
    'linux.memoryPolicy.flags',
    { 'linux.memoryPolicy': { mode: 'MPOL_PREFERRED', flags: ['MPOL_F_STATIC_NODES'] } },
  ],
  [
    'spec.memory_policy_flags',
    'linux.memoryPolicy.flags',
    { 'linux.memoryPolicy': { mode: 'MPOL_INTERLEAVE', nodes: '0', flags: ['MPOL_F_NUMA_BALANCING'] } },
  ],
  ['spec.rdt_class_name', 'linux.intelRdt.closID', { 'linux.intelRdt': { closID: '..' } }],
  ['spec.rdt_class_name', 'linux.intelRdt.closID', { 'linux.intelRdt': { closID: 'a/b' } }],
  [
    'spec.rdt_default_class_changed',
    'linux.intelRdt.l3CacheSchema',
    { 'linux.intelRdt': { closID: '/', l3CacheSchema: 'L3:0=f' } },
  ],
  ['spec.rdt_schema_line', 'linux.intelRdt.schemata[0]', { 'linux.intelRdt': { schemata: ['L3:0=f\nMB:0=9'] } }],
  ['spec.rdt_schema_line', 'linux.intelRdt.schemata[1]', { 'linux.intelRdt': { schemata: ['L2:0=f', ''] } }],
  ['spec.rdt_memory_schema', 'linux.intelRdt.memBwSchema', { 'linux.intelRdt': { memBwSchema: '0=20' } }],
];

/** User namespaces and their mappings. */
export const badUsers: readonly BadSpec[] = [
  [
    'spec.user_namespace_without_mappings',
    'linux.gidMappings',
    { 'linux.namespaces': withUser, 'linux.uidMappings': [id(0, 9, 1)] },
  ],
  ['spec.mappings_without_user_namespace', 'linux.uidMappings', { 'linux.uidMappings': [id(0, 9, 1)] }],
  ['spec.mapping_empty', 'linux.uidMappings[0].size', mappings([id(0, 9, 0)])],
  ['spec.mapping_too_far', 'linux.uidMappings[0].size', mappings([id(0, 9, 2 ** 32 - 1)])],
  ['spec.mapping_overlap_container', 'linux.uidMappings[1].containerID', mappings([id(0, 10, 5), id(4, 20, 5)])],
  ['spec.mapping_overlap_host', 'linux.uidMappings[1].hostID', mappings([id(0, 10, 5), id(5, 14, 5)])],
  ['spec.mappings_too_many', 'linux.uidMappings', mappings(Array.from({ length: 341 }, (_, at) => id(at, at, 1)))],
];

/** Mounts. */
export const badMounts: readonly BadSpec[] = [
  ['spec.mount_on_root', 'mounts[0].destination', { mounts: [{ destination: '/x/..', type: 'tmpfs' }] }],
  ['spec.mount_destination_empty', 'mounts[0].destination', { mounts: [{ destination: '', type: 'tmpfs' }] }],
  ['spec.mount_type_missing', 'mounts[0].type', { mounts: [{ destination: '/x' }] }],
  ['spec.mount_type_missing', 'mounts[0].type', { mounts: [{ destination: '/x', type: 'none', options: ['ro'] }] }],
  ['spec.mount_source_missing', 'mounts[0].source', { mounts: [{ destination: '/x', options: ['bind'] }] }],
  ['spec.mount_bind_data', 'mounts[0].options[1]', { mounts: [bind({ options: ['bind', 'size=4k'] })] }],
  ['spec.mount_copyup_not_tmpfs', 'mounts[0].options[1]', { mounts: [bind({ options: ['bind', 'tmpcopyup'] })] }],
  [
    'spec.mount_copyup_not_tmpfs',
    'mounts[0].options[0]',
    { mounts: [{ destination: '/x', type: 'proc', options: ['tmpcopyup'] }] },
  ],
  ['spec.mount_idmap_not_bind', 'mounts[0]', { mounts: [{ ...mapped(), options: [], type: 'tmpfs' }] }],
  ['spec.mount_idmap_one_sided', 'mounts[0].gidMappings', { mounts: [{ ...mapped(), gidMappings: undefined }] }],
  ['spec.mount_idmap_without_mappings', 'mounts[0]', { mounts: [bind({ options: ['bind', 'ridmap'] })] }],
  [
    'spec.mapping_overlap_host',
    'mounts[0].uidMappings[1].hostID',
    { mounts: [{ ...mapped(), uidMappings: [id(0, 1, 5), id(9, 1, 5)] }] },
  ],
];
