import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import type { CgroupHierarchy, CgroupLayout } from './layout.ts';

/** Where a process is, proc_pid_cgroup(5): by a v1 hierarchy's controllers (`cpu,cpuacct`) or `name=x`; v2 is ''. */
export type OwnCgroups = ReadonlyMap<string, string>;

/** Lines of `4:cpu,cpuacct:/user.slice`. */
export function parseOwnCgroups(text: string): OwnCgroups {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [number, controllers, ...path] = line.split(':');
    if (number !== '' && controllers !== undefined) found.set(controllers, path.join(':'));
  }
  return found;
}

export function readOwnCgroups(pid: number | 'self' = 'self'): OwnCgroups {
  return parseOwnCgroups(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
}

/** The process's cgroup below a v1 hierarchy's mount point, '' at it; '' too when the mount does not show it. */
export function ownBase(own: OwnCgroups, hierarchy: CgroupHierarchy): string {
  const wanted = hierarchy.name === undefined ? hierarchy.controllers : [`name=${hierarchy.name}`];
  const entry = [...own].find(([controllers]) => controllers.split(',').some((one) => wanted.includes(one)));
  return below(hierarchy.root ?? '/', entry?.[1] ?? '/');
}

/** The process's cgroup below the mount point of v2. */
export function ownUnified(own: OwnCgroups, layout: CgroupLayout): string {
  return below(layout.unifiedRoot ?? '/', own.get('') ?? '/');
}

function below(root: string, path: string): string {
  const relative = posix.relative(root, path);
  return relative === '' || relative.split('/')[0] === '..' ? '' : `/${relative}`;
}
