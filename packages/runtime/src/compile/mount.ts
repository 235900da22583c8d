import { posix } from 'node:path';
import type { MountSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { cgroupMount } from './cgroup-mount.ts';
import type { HostFacts } from './facts.ts';
import { invalid } from './invalid.ts';
import { MOUNT_ATTR } from './kernel-flags.ts';
import { isBelow } from './mount-path.ts';
import { parseMountOptions, superblockOptions } from './mount-option.ts';
import type { MountOptions } from './mount-option.ts';
import { sealRecord } from './seal.ts';
import { inContainer, list } from './step.ts';

/** The mounts of a spec, in the three places of the plan where they belong. */
export interface MountRecords {
  /** In spec order, before the pivot: their sources are host paths. */
  readonly early: readonly PlanRecord[];
  /** Cgroup file systems, and what is mounted below them: once the process is in its cgroup. */
  readonly late: readonly PlanRecord[];
  /** True when `late` has host paths as sources, so that the pivot must come after it. */
  readonly lateNeedsHost: boolean;
  /** Read-only remounts of file systems in which the plan itself makes things; after the pivot. */
  readonly seal: readonly PlanRecord[];
}

/**
 * Order is the spec's (a later mount may lie in an earlier one), except that cgroup mounts and all
 * that lies below them wait for the cgroup.
 */
export function mountRecords(spec: RuntimeSpec, facts: HostFacts): MountRecords {
  const early: PlanRecord[] = [];
  const late: PlanRecord[] = [];
  const seal: PlanRecord[] = [];
  const lateFolders: string[] = [];
  spec.mounts.forEach((mount, index) => {
    const path = `mounts[${index}]`;
    const destination = destinationOf(mount, path);
    const options = parseMountOptions(mount.options);
    if (mount.type === 'cgroup' && options.bind === undefined) {
      const made = cgroupMount({ destination, options, spec, facts });
      late.push(...made.records);
      seal.push(...made.seal);
      lateFolders.push(destination);
      return;
    }
    const waits =
      (mount.type === 'cgroup2' && options.bind === undefined) ||
      lateFolders.some((folder) => isBelow(folder, destination));
    if (waits) lateFolders.push(destination);
    const delayed = sealsLater(spec.mounts.slice(index + 1), { mount, destination, options });
    (waits ? late : early).push(one({ mount, destination, options, path, delayed }));
    if (delayed) seal.push(sealRecord(destination, options));
  });
  return { early, late, seal, lateNeedsHost: late.some(({ kind }) => kind === 'bind_mount') };
}

interface OneMount {
  readonly mount: MountSpec;
  readonly destination: string;
  readonly options: MountOptions;
}

function one(entry: OneMount & { path: string; delayed: boolean }): PlanRecord {
  const { mount, options, path } = entry;
  const isBind = options.bind !== undefined || mount.type === 'bind' || mount.type === 'rbind';
  if (isBind) return bindMount(entry);
  const type = mount.type ?? '';
  if (type === '' || type === 'none') throw invalid(`${path}.type`, 'a mount needs a type');
  const source = mount.source ?? type;
  const data = [
    `source=${source}`,
    ...superblockOptions(options.superblock),
    ...options.data.filter((word) => word !== 'tmpcopyup'),
  ];
  const hidden = entry.delayed ? MOUNT_ATTR.MOUNT_ATTR_RDONLY : 0;
  return inContainer('fs_mount', {
    attributes: options.set & ~hidden,
    mode: 0o755,
    type,
    target: entry.destination,
    options: list(data),
  });
}

function bindMount({ mount, destination, options, path }: OneMount & { path: string }): PlanRecord {
  const [unknown] = options.data;
  if (unknown !== undefined) {
    throw invalid(`${path}.options`, `unknown option of a bind mount: ${unknown}`);
  }
  const source = mount.source ?? '';
  if (!posix.isAbsolute(source)) {
    throw invalid(`${path}.source`, `a bind mount needs an absolute host path, not '${source}'`);
  }
  return inContainer('bind_mount', {
    recursive: options.bind === 'rbind' || mount.type === 'rbind' ? 1 : 0,
    set: options.set,
    clear: options.clear,
    propagation: options.propagation,
    recursiveAttributes: options.recursiveAttributes ? 1 : 0,
    source,
    target: destination,
  });
}

/** A read-only tmpfs in which mount points or devices are made yet can be sealed only later. */
function sealsLater(following: readonly MountSpec[], entry: OneMount): boolean {
  const { mount, destination, options } = entry;
  if (mount.type !== 'tmpfs' || !(options.set & MOUNT_ATTR.MOUNT_ATTR_RDONLY)) return false;
  return destination === '/dev' || following.some((next) => isBelow(destination, next.destination));
}

function destinationOf(mount: MountSpec, path: string): string {
  if (!posix.isAbsolute(mount.destination)) {
    throw invalid(`${path}.destination`, `not an absolute path: ${mount.destination}`);
  }
  const clean = posix.normalize(mount.destination).replace(/(.)\/$/, '$1');
  if (clean === '/') throw invalid(`${path}.destination`, 'nothing can be mounted on /');
  return clean;
}
