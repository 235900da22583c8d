import { posix } from 'node:path';
import type { MountSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { HostFacts } from './facts.ts';
import { invalid } from './invalid.ts';
import { isBelow } from './mount-path.ts';
import { parseMountOptions } from './mount-option.ts';
import type { MountOptions } from './mount-option.ts';
import type { Trees } from './tree.ts';
import type { UserNamespace } from './user-namespace.ts';

/** What the mounts of a container depend on beside themselves. */
export interface MountSetting {
  readonly spec: RuntimeSpec;
  readonly facts: HostFacts;
  readonly user: UserNamespace | undefined;
  readonly trees: Trees;
}

/** A mount of the spec with its parts looked up. */
export interface MountPlace {
  readonly mount: MountSpec;
  /** Where it stands in the spec, for errors. */
  readonly path: string;
  /** Absolute and clean. */
  readonly destination: string;
  readonly options: MountOptions;
  readonly isBind: boolean;
}

export function mountPlace(mount: MountSpec, index: number): MountPlace {
  const path = `mounts[${index}]`;
  const options = parseMountOptions(mount.options);
  const isBind = options.bind !== undefined || mount.type === 'bind' || mount.type === 'rbind';
  const place = { mount, path, destination: destinationOf(mount, path), options, isBind };
  checkProc(place);
  return place;
}

/** Files of procfs that LXCFS and the like stand in for; the list is runc's. */
const coverable = new Set([
  '/proc/cpuinfo',
  '/proc/diskstats',
  '/proc/loadavg',
  '/proc/meminfo',
  '/proc/slabinfo',
  '/proc/stat',
  '/proc/swaps',
  '/proc/uptime',
  '/proc/sys/crypto/fips_enabled',
  '/proc/sys/kernel/ns_last_pid',
]);

/** Whoever chooses what is in /proc chooses what every program, and every check of a security module, sees there. */
function checkProc({ mount, path, destination, options, isBind }: MountPlace): void {
  if (options.remount || (destination !== '/proc' && !isBelow('/proc', destination))) return;
  if (destination !== '/proc') {
    if (coverable.has(destination)) return;
    throw invalid(`${path}.destination`, `nothing can be mounted on ${destination}`, 'it is inside of /proc');
  }
  const isProc = isBind
    ? posix.normalize(mount.source ?? '').replace(/(.)\/$/, '$1') === '/proc'
    : mount.type === 'proc';
  if (!isProc) throw invalid(`${path}.destination`, 'only a proc file system can be mounted on /proc');
}

/** The spec wants an absolute path; a relative one is below the root, as in runc, whose callers rely on it. */
function destinationOf(mount: MountSpec, path: string): string {
  const clean = posix.join('/', mount.destination).replace(/(.)\/$/, '$1');
  if (clean === '/') throw invalid(`${path}.destination`, 'nothing can be mounted on /');
  return clean;
}
