import type { DeviceRule, MountSpec, NamespaceSpec } from '@berth/model/runtime-spec';
import type { CapabilityName } from '../compile/capability.ts';

/** Docker's defaults as facts, from moby v29, daemon/pkg/oci (defaults.go, caps). */

export const defaultCapabilities: readonly CapabilityName[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

export const maskedPaths: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** One file a processor, where the machine has it: throttling shows what the neighbours do. */
export function thermalThrottlePaths(cpuCount: number): string[] {
  const cpus = Array.from({ length: cpuCount }, (_, cpu) => cpu);
  return cpus.map((cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`);
}

export const readonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** A cgroup namespace is added to these, as docker does on v2 and Berth on v1 too. */
export const namespaces: readonly NamespaceSpec[] = [
  { type: 'mount' },
  { type: 'network' },
  { type: 'time' },
  { type: 'uts' },
  { type: 'pid' },
  { type: 'ipc' },
];

export const mounts: readonly MountSpec[] = [
  {
    destination: '/proc',
    type: 'proc',
    source: 'proc',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['ro', 'nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777'],
  },
];

const allowed = (major: number, minor: number): DeviceRule => ({
  allow: true,
  type: 'c',
  major,
  minor,
  access: 'rwm',
});

export const deviceRules: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  allowed(1, 5),
  allowed(1, 3),
  allowed(1, 9),
  allowed(1, 8),
  allowed(5, 0),
  allowed(5, 1),
  { allow: false, type: 'c', major: 10, minor: 229, access: 'rwm' },
];

/** Bytes of /dev/shm. */
export const shmSize = 64 * 1024 * 1024;

/** What dockerd sets in a container's own network namespace: ports and ping without privileges. */
export const networkSysctls: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};
