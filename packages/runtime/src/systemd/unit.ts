import { posix } from 'node:path';
import { invalid } from '../compile/invalid.ts';

/** The unit of a container, and where systemd makes its cgroup. */
export interface ScopeUnit {
  /** `docker-4f1c.scope`. */
  readonly name: string;
  /** `system.slice`. */
  readonly slice: string;
  /** Below the manager's own cgroup: `/system.slice/docker-4f1c.scope`. */
  readonly folder: string;
}

/**
 * The unit for `slice:prefix:name`. Nothing at all is `berth-ID.scope`; an empty slice is `system.slice` (rootless:
 * `user.slice`). Throws `invalid_argument` for any other form and for a name that systemd refuses.
 */
export function scopeUnit(request: { id: string; cgroupsPath?: string; rootless?: boolean }): ScopeUnit {
  const { cgroupsPath, id } = request;
  const [slice = '', prefix = '', name = '', ...rest] = cgroupsPath ? cgroupsPath.split(':') : ['', 'berth', id];
  if (name === '' || rest.length > 0) {
    throw invalid('linux.cgroupsPath', `with systemd cgroups it is slice:prefix:name, not ${cgroupsPath}`);
  }
  const inSlice = slice || (request.rootless ? 'user.slice' : 'system.slice');
  // What runc makes for kubelet's pods; no process can be started in one.
  if (name.endsWith('.slice')) throw invalid('linux.cgroupsPath', `a container needs a scope, ${name} is a slice`);
  const unit = `${prefix === '' ? '' : `${prefix}-`}${name}.scope`;
  // systemd.unit(5): letters, digits, and ":-_.\"; at most 255 of them.
  if (!/^[A-Za-z0-9:_.\\@-]{1,255}$/.test(unit)) throw invalid('linux.cgroupsPath', `not the name of a unit: ${unit}`);
  return { name: unit, slice: inSlice, folder: posix.join(expandSlice(inSlice), unit) };
}

/** `a-b.slice` is in `/a.slice/a-b.slice`, systemd.slice(5); `-.slice` is the root. */
export function expandSlice(slice: string): string {
  const name = slice.slice(0, -'.slice'.length);
  if (name === '-' && slice === '-.slice') return '/';
  const parts = name.split('-');
  if (!slice.endsWith('.slice') || slice.includes('/') || parts.includes('')) {
    throw invalid('linux.cgroupsPath', `not the name of a slice: ${slice}`);
  }
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}
