import { posix } from 'node:path';
import { BerthError } from '@berth/model/error';
import type { CgroupHierarchy } from './layout.ts';

/** Cgroups below the container's, by v1 controller; the one of the empty name is for all others, and for v2. */
export type SubCgroups = ReadonlyMap<string, string>;

export const noSubCgroup: SubCgroups = new Map();

/**
 * The values of `exec --cgroup`: `PATH` for all controllers, or `CONTROLLER[,CONTROLLER]:PATH` for some of v1. Throws
 * `invalid_argument` for a path that leaves the container's cgroup.
 */
export function parseSubCgroups(values: readonly string[]): SubCgroups {
  const found = new Map<string, string>();
  for (const value of values) {
    const at = value.indexOf(':');
    const controllers = at < 0 ? [''] : value.slice(0, at).split(',');
    const path = posix.normalize(`/${value.slice(at + 1)}`);
    if (
      value
        .slice(at + 1)
        .split('/')
        .includes('..')
    ) {
      throw new BerthError('invalid_argument', `--cgroup ${value}: leaves the container's cgroup`);
    }
    for (const controller of controllers) {
      if (found.has(controller)) throw new BerthError('invalid_argument', `--cgroup ${value}: given twice`);
      found.set(controller, path);
    }
  }
  return found;
}

/** What to add to the container's folder in a hierarchy; without one: on v2. */
export function subPath(sub: SubCgroups, hierarchy?: CgroupHierarchy): string {
  const names = hierarchy?.name === undefined ? (hierarchy?.controllers ?? []) : [`name=${hierarchy.name}`];
  const own = names.map((name) => sub.get(name)).find((path) => path !== undefined);
  return own ?? sub.get('') ?? '';
}
