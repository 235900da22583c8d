import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isVersion1 } from './cgroups.ts';

const config = () => readFileSync('/proc/filesystems', 'utf8');

/** What a case may need of the machine: why it is not there, or undefined. */
const obstacles = {
  'cgroup v1': () => (isVersion1 ? undefined : 'the limits of this machine are of cgroup version 2'),
  'hugetlb v1': () => controller('hugetlb'),
  'net_cls v1': () => controller('net_cls'),
  'two processors': () => (availableParallelism() > 1 ? undefined : 'there is one processor only'),
  'user namespaces': () => (existsSync('/proc/self/ns/user') ? undefined : 'the kernel has no user namespaces'),
  'time namespaces': () => (existsSync('/proc/self/ns/time') ? undefined : 'the kernel has no time namespaces'),
  keyrings: () => (existsSync('/proc/keys') ? undefined : 'the kernel has no keyrings'),
  'disk 254:0': () => (existsSync('/sys/dev/block/254:0') ? undefined : 'there is no disk 254:0'),
  ip: () =>
    ['/sbin/ip', '/usr/sbin/ip', '/bin/ip'].some((file) => existsSync(file)) ? undefined : 'there is no ip program',
  overlay: () => (config().includes('overlay') ? undefined : 'the kernel has no overlay'),
  'no apparmor': () => (existsSync('/sys/kernel/security/apparmor') ? 'AppArmor is on' : undefined),
  apparmor: () => (existsSync('/sys/kernel/security/apparmor') ? undefined : 'AppArmor is not on'),
} as const;

export type Need = keyof typeof obstacles;

function controller(name: string): string | undefined {
  return existsSync(`/sys/fs/cgroup/${name}`) ? undefined : `there is no ${name} hierarchy of version 1`;
}

/** Why a case cannot be run on this machine. */
export function obstacleOf(needs: readonly Need[] = []): string | undefined {
  return needs.map((need) => obstacles[need]()).find((obstacle) => obstacle !== undefined);
}
