import { existsSync, readFileSync } from 'node:fs';

/** What a case may need of the machine: why it is not there, or undefined. */
const obstacles = {
  'no apparmor': () => (existsSync('/sys/kernel/security/apparmor') ? 'AppArmor is on' : undefined),
  'user namespaces': () => (existsSync('/proc/self/ns/user') ? undefined : 'the kernel has no user namespaces'),
  overlay: () =>
    readFileSync('/proc/filesystems', 'utf8').includes('overlay') ? undefined : 'the kernel has no overlay',
  'cgroup v1': () =>
    existsSync('/sys/fs/cgroup/memory') ? undefined : 'the limits of this machine are of cgroup version 2',
  'swap limits': () =>
    existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes') ? undefined : 'the kernel does not limit swap',
} as const;

export type Need = keyof typeof obstacles;

/** Why a case cannot be run on this machine. */
export function obstacleOf(needs: readonly Need[] = []): string | undefined {
  return needs.map((need) => obstacles[need]()).find((obstacle) => obstacle !== undefined);
}
