import { agent, bind, filter, mapped, realTime, rootless } from './example.ts';
import type { BadSpec } from './example.ts';

/** Specs that run, with a warning each. */
export const oddSpecs: readonly BadSpec[] = [
  ['spec.version_newer', 'ociVersion', { ociVersion: '1.4.0-rc.1' }],
  ['spec.personality_flags', 'linux.personality.flags', { 'linux.personality': { domain: 'LINUX', flags: ['x'] } }],
  ['spec.hook_prestart_deprecated', 'hooks.prestart', { hooks: { prestart: [{ path: '/h' }] } }],
  ['spec.mount_destination_relative', 'mounts[0].destination', { mounts: [bind({ destination: 'd' })] }],
  [
    'spec.device_duplicate',
    'linux.devices[1].path',
    {
      'linux.devices': [
        { path: '/dev/p', type: 'p' },
        { path: '/dev//p', type: 'p' },
      ],
    },
  ],
  [
    'spec.device_mode_bits',
    'linux.devices[0].fileMode',
    { 'linux.devices': [{ path: '/dev/p', type: 'p', fileMode: 0o14666 }] },
  ],
  ['spec.seccomp_listener_unused', 'linux.seccomp.listenerPath', { 'linux.seccomp': filter(agent) }],
  [
    'spec.seccomp_wait_without_notify',
    'linux.seccomp.flags[0]',
    { 'linux.seccomp': filter({ flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'] }) },
  ],
  ['spec.rdt_cache_schema', 'linux.intelRdt.l3CacheSchema', { 'linux.intelRdt': { l3CacheSchema: '0=f' } }],
  [
    'spec.rdt_schema_overridden',
    'linux.intelRdt.schemata[1]',
    { 'linux.intelRdt': { l3CacheSchema: 'L3:0=f', schemata: ['L2:0=f', 'L3:0=7'] } },
  ],
  ['spec.console_size_without_terminal', 'process.consoleSize', { 'process.consoleSize': { height: 1, width: 2 } }],
  [
    'spec.capability_unknown',
    'process.capabilities.bounding[0]',
    { 'process.capabilities': { bounding: ['CAP_FLY'] } },
  ],
  [
    'spec.capability_ambient_lost',
    'process.capabilities.ambient[0]',
    { 'process.capabilities': { ambient: ['CAP_KILL'] } },
  ],
  [
    'spec.scheduler_flag_unused',
    'process.scheduler.flags[0]',
    { 'process.scheduler': realTime({ flags: ['SCHED_FLAG_RECLAIM'] }) },
  ],
  [
    'spec.device_rule_all_numbered',
    'linux.resources.devices[0].type',
    { 'linux.resources.devices': [{ allow: false, major: 1 }] },
  ],
  [
    'spec.memory_reservation_above_limit',
    'linux.resources.memory.reservation',
    { 'linux.resources.memory': { limit: 5, reservation: 6 } },
  ],
  ['spec.memory_kernel_deprecated', 'linux.resources.memory.kernel', { 'linux.resources.memory': { kernel: -1 } }],
  ['spec.cpu_idle_with_shares', 'linux.resources.cpu.shares', { 'linux.resources.cpu': { idle: 1, shares: 1024 } }],
];

/** Valid specs that only root can run. */
export const rootSpecs: readonly BadSpec[] = [
  ['spec.rootless_without_user_namespace', 'linux.namespaces', {}],
  [
    'spec.rootless_mount_owner',
    'mounts[0].options[0]',
    rootless({ mounts: [{ destination: '/p', type: 'devpts', options: ['gid=5'] }] }),
  ],
  ['spec.rootless_user_unmapped', 'process.user.uid', rootless({ 'process.user': { uid: 7 } })],
  ['spec.rootless_net_devices', 'linux.netDevices', rootless({ 'linux.netDevices': { eth0: {} } })],
  ['spec.rootless_idmap', 'mounts[0]', rootless({ mounts: [mapped()] })],
];
