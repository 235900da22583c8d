import type { NamespaceType, RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import type { NamespaceMap } from './namespace.ts';
import { inContainer } from './step.ts';

/** Settings below kernel/ that belong to the ipc namespace, ipc_namespaces(7). */
const ipcSettings = new Set([
  'kernel/msgmax',
  'kernel/msgmnb',
  'kernel/msgmni',
  'kernel/msg_next_id',
  'kernel/sem',
  'kernel/sem_next_id',
  'kernel/shmall',
  'kernel/shmmax',
  'kernel/shmmni',
  'kernel/shm_next_id',
  'kernel/shm_rmid_forced',
]);

/** One record a setting. Any that is not the container's own would change the host: refused. */
export function sysctlRecords(spec: RuntimeSpec, namespaces: NamespaceMap): PlanRecord[] {
  return Object.entries(spec.linux.sysctl ?? {}).map(([name, value]) => {
    const where = `linux.sysctl[${JSON.stringify(name)}]`;
    const path = sysctlPath(name);
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      throw invalid(where, 'not the name of a kernel setting');
    }
    const owner = ownerOf(path);
    if (owner === undefined) {
      throw invalid(where, 'is a setting of the whole host, in no namespace');
    }
    if (!namespaces.has(owner)) {
      throw invalid(where, `needs the container's own ${owner} namespace`);
    }
    return inContainer('sysctl', { path, value });
  });
}

/**
 * `net.ipv4.ip_forward` as a path below /proc/sys. When the first separator is a slash the name is
 * one already, and its dots are part of the parts (`net/ipv4/conf/eth0.1/forwarding`); otherwise
 * slashes stand for dots, sysctl(8).
 */
export function sysctlPath(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first === '/') return name;
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

/** The namespace that a path below /proc/sys belongs to; undefined for the whole host's. */
export function ownerOf(path: string): NamespaceType | undefined {
  if (path.startsWith('net/')) return 'network';
  if (path.startsWith('fs/mqueue/') || ipcSettings.has(path)) return 'ipc';
  // Counters of namespaces and of watches, user_namespaces(7) and Documentation/admin-guide/sysctl/user.rst.
  if (path.startsWith('user/')) return 'user';
  if (path === 'kernel/domainname' || path === 'kernel/hostname') return 'uts';
  return undefined;
}
