import { isBelow } from '../compile/mount-path.ts';
import { scopeUnit } from '../systemd/unit.ts';
import { withCpuset } from './detect.ts';
import type { CgroupLayout } from './layout.ts';
import type { CgroupPlace } from './place.ts';

/** `slice:prefix:name` instead of a path: systemd makes the cgroup (../systemd/scope.ts). */
export function isScope(cgroupsPath: string): boolean {
  return !cgroupsPath.startsWith('/') && cgroupsPath.includes(':');
}

/** The cgroup that an engine has written into a spec: an absolute path, or a scope of systemd. @throws invalid_argument */
export function placeOfSpec(layout: CgroupLayout, id: string, cgroupsPath = ''): CgroupPlace {
  if (!isScope(cgroupsPath)) return { layout, path: cgroupsPath };
  const unit = scopeUnit({ id, cgroupsPath });
  return { layout, path: unit.folder, unit };
}

/**
 * The same for a start, which must know what a v1 cpuset begins with: what the layout knows is that of the engine's own
 * parent, and a pod may have another one.
 */
export function startPlaceOfSpec(layout: CgroupLayout, id: string, cgroupsPath?: string): CgroupPlace {
  const place = placeOfSpec(layout, id, cgroupsPath);
  const { cpuset } = layout;
  const isKnown = layout.version === 2 || (cpuset !== undefined && isUnder(cpuset.path, place.path));
  return isKnown || place.path === '' ? place : { ...place, layout: withCpuset(layout, place.path) };
}

/** A cpuset at the root is everybody's ancestor, but maybe not the nearest one that has values of its own. */
function isUnder(ancestor: string, path: string): boolean {
  return ancestor !== '/' && isBelow(ancestor, path);
}
