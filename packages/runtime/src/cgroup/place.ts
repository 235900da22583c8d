import { posix } from 'node:path';
import { invalid } from '../compile/invalid.ts';
import { scopeUnit } from '../systemd/unit.ts';
import type { ScopeUnit } from '../systemd/unit.ts';
import { detectCgroups, withCpuset } from './detect.ts';
import type { CgroupLayout } from './layout.ts';
import { ownBase, ownUnified, readOwnCgroups } from './own-cgroup.ts';
import type { OwnCgroups } from './own-cgroup.ts';

/** What decides where a container's cgroup is. */
export interface CgroupRequest {
  readonly id: string;
  /** `linux.cgroupsPath`. */
  readonly cgroupsPath?: string;
  /** `--systemd-cgroup`. Default: cgroupfs. */
  readonly driver?: 'cgroupfs' | 'systemd';
  readonly rootless?: boolean;
}

/**
 * Where it is. Plain data: kept in the container's state as it is, because a relative path means another cgroup for
 * another caller. `layout` and `path` go together, into `HostFacts`, `ExecFacts` and `ContainerCgroup`.
 */
export interface CgroupPlace {
  readonly layout: CgroupLayout;
  readonly path: string;
  /** The unit that systemd makes for it (../systemd/scope.ts); absent with cgroupfs. */
  readonly unit?: ScopeUnit;
}

export interface MachineCgroups {
  readonly layout: CgroupLayout;
  /** The runtime's own. */
  readonly own: OwnCgroups;
  /** Rootless systemd: the cgroup of the user's manager, `/user.slice/user-1000.slice/user@1000.service`. */
  readonly userManager?: string;
}

/** `placeCgroup` on this machine, with the cpuset that a new v1 cgroup there starts with. */
export function findPlace(request: CgroupRequest, userManager?: string): CgroupPlace {
  const machine = { layout: detectCgroups(), own: readOwnCgroups() };
  const place = placeCgroup(request, { ...machine, ...(userManager === undefined ? {} : { userManager }) });
  return { ...place, layout: withCpuset(place.layout, place.path) };
}

/**
 * `cgroupsPath` as config-linux.md "Cgroups Path" has it. cgroupfs: an absolute path is below the hierarchies' mount
 * points, a relative one below the runtime's own cgroup (v2: beside it, because a cgroup with processes passes no
 * controller on), none is `/ID` (rootless: relative, nothing else may be written). systemd: `slice:prefix:name`.
 * Throws `invalid_argument` for a path that is none of these.
 */
export function placeCgroup(request: CgroupRequest, machine: MachineCgroups): CgroupPlace {
  if (request.driver === 'systemd') return systemdPlace(request, machine);
  const { id, rootless } = request;
  const wanted = request.cgroupsPath || (rootless ? id : `/${id}`);
  // The leading / keeps `..` inside.
  const path = posix.normalize(`/${wanted}`).replace(/(.)\/$/, '$1');
  if (path === '/') throw invalid('linux.cgroupsPath', `not a cgroup below the root: ${wanted}`);
  return posix.isAbsolute(wanted) ? { layout: machine.layout, path } : relativePlace(path, machine);
}

function relativePlace(path: string, { layout, own }: MachineCgroups): CgroupPlace {
  if (layout.version === 2) {
    return { layout, path: posix.join(posix.dirname(ownUnified(own, layout) || '/'), path) };
  }
  const hierarchies = layout.hierarchies.map((hierarchy) => {
    const base = ownBase(own, hierarchy);
    return base === '' ? hierarchy : { ...hierarchy, base };
  });
  return { layout: { ...layout, hierarchies }, path };
}

function systemdPlace(request: CgroupRequest, { layout, userManager }: MachineCgroups): CgroupPlace {
  const unit = scopeUnit(request);
  return { layout, path: posix.join('/', request.rootless ? (userManager ?? '') : '', unit.folder), unit };
}
