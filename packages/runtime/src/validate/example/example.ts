/** Changes to a good spec by the path of what is set; undefined takes the member away. */
export type Change = Readonly<Record<string, unknown>>;

/** What a change must be answered with: the code and the path of the one finding. */
export type BadSpec = readonly [code: string, path: string, change: Change];

export const id = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });
export const bind = (more: object = {}) => ({ destination: '/d', source: '/s', options: ['rbind'], ...more });
export const namespaces = (...types: string[]) => types.map((type) => ({ type }));
export const withUser = namespaces('mount', 'pid', 'network', 'ipc', 'uts', 'user');
export const filter = (more: object) => ({ defaultAction: 'SCMP_ACT_ALLOW', ...more });
export const calls = (...syscalls: object[]) => filter({ syscalls });
export const agent = { listenerPath: '/run/agent.sock' };
export const notify = { names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' };
export const call = (arg: object) => calls({ names: ['read'], action: 'SCMP_ACT_ERRNO', args: [arg] });
export const realTime = (more: object) => ({ policy: 'SCHED_FIFO', priority: 1, ...more });

export function rlimit(soft: number | bigint, hard: number | bigint) {
  return { type: 'RLIMIT_NOFILE', soft, hard };
}

export function mapped() {
  return bind({ uidMappings: [id(0, 1000, 1)], gidMappings: [id(0, 1000, 1)] });
}

export function mappings(uidMappings: object[]): Change {
  return {
    'linux.namespaces': withUser,
    'linux.uidMappings': uidMappings,
    'linux.gidMappings': [id(0, 9, 1)],
  };
}

export function rootless(change: Change): Change {
  return { ...mappings([id(0, 1000, 1)]), ...change };
}

export function pages(...sizes: string[]): Change {
  return { 'linux.resources.hugepageLimits': sizes.map((pageSize) => ({ pageSize, limit: 0 })) };
}

export function noNamespaces(sysctl: object): Change {
  return { 'linux.namespaces': [{ type: 'mount' }], 'linux.sysctl': sysctl };
}
