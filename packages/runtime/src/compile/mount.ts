import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { bindMount, mixesAttributes } from './bind-mount.ts';
import { cgroupMount } from './cgroup-mount.ts';
import { fsMount } from './fs-mount.ts';
import { MOUNT_ATTR, MS } from './kernel-flags.ts';
import { mountPlace } from './mount-place.ts';
import type { MountPlace, MountSetting } from './mount-place.ts';
import { isBelow } from './mount-path.ts';
import { propagationRecord, remountRecord, sealRecord } from './seal.ts';
import { selfMount, selfType } from './self-mount.ts';

/** The mounts of a spec, in the three places of the plan where they belong. */
export interface MountRecords {
  /** In spec order, before the pivot: their sources are host paths. */
  readonly early: readonly PlanRecord[];
  /** Cgroup file systems, and what is mounted below them: once the process is in its cgroup. */
  readonly late: readonly PlanRecord[];
  /** True when `late` has host paths as sources, so that the pivot must come after it. */
  readonly lateNeedsHost: boolean;
  /** Changes of mounts that need their path, and read-only ones in which the plan makes things; after the pivot. */
  readonly seal: readonly PlanRecord[];
}

/**
 * Order is the spec's (a later mount may lie in an earlier one), except that cgroup mounts and all
 * that lies below them wait for the cgroup.
 */
export function mountRecords(setting: MountSetting): MountRecords {
  const early: PlanRecord[] = [];
  const late: PlanRecord[] = [];
  const seal: PlanRecord[] = [];
  const lateFolders: string[] = [];
  const places = setting.spec.mounts.map(mountPlace);
  places.forEach((place, index) => {
    const made = recordsOf(place, setting, places.slice(index + 1));
    seal.push(...made.seal);
    const waits = isCgroup(place) || lateFolders.some((folder) => isBelow(folder, place.destination));
    if (waits) lateFolders.push(place.destination);
    (waits ? late : early).push(...made.records);
  });
  return { early, late, seal, lateNeedsHost: late.some(({ kind }) => kind === 'bind_mount') };
}

interface MadeMount {
  readonly records: readonly PlanRecord[];
  readonly seal: readonly PlanRecord[];
}

function recordsOf(place: MountPlace, setting: MountSetting, following: readonly MountPlace[]): MadeMount {
  const { destination, options } = place;
  if (options.remount) return { records: [], seal: [remountRecord(place)] };
  const isRemade = place.isBind && mixesAttributes(place);
  if (place.isBind) {
    return { records: [bindMount(place, setting)], seal: isRemade ? [sealRecord(destination, options)] : [] };
  }
  if (place.mount.type === 'cgroup') return cgroupMount(place, setting);
  if (place.mount.type === selfType) return selfMount(place);
  const writable = sealsLater(place, following);
  return {
    records: [fsMount(place, setting, writable)],
    seal: [...(writable ? [sealRecord(destination, options)] : []), ...propagation(place, setting.spec)],
  };
}

function isCgroup({ mount, isBind }: MountPlace): boolean {
  return !isBind && (mount.type === 'cgroup' || mount.type === 'cgroup2');
}

/** A read-only tmpfs in which mount points, devices or copies are made yet can be sealed only later. */
function sealsLater({ mount, destination, options }: MountPlace, following: readonly MountPlace[]): boolean {
  if (mount.type !== 'tmpfs' || !(options.set & MOUNT_ATTR.MOUNT_ATTR_RDONLY)) return false;
  return options.copyUp || destination === '/dev' || following.some((next) => isBelow(destination, next.destination));
}

/** A new mount is private already, unless the root it is on is shared. */
function propagation({ destination, options }: MountPlace, { linux }: RuntimeSpec): PlanRecord[] {
  const isPrivate = !(options.propagation & (MS.MS_SHARED | MS.MS_UNBINDABLE));
  if (!options.propagation || (isPrivate && linux.rootfsPropagation !== 'shared')) return [];
  return [propagationRecord(destination, options.propagation)];
}
