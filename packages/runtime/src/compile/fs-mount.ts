import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { MOUNT_ATTR } from './kernel-flags.ts';
import { mountLabel } from './label.ts';
import { superblockOptions } from './mount-option.ts';
import type { MountPlace, MountSetting } from './mount-place.ts';
import { inContainer, list } from './step.ts';
import { isMapped } from './user-namespace.ts';

/** File systems of the kernel's own: what is read-only there is the mount, never the file system. */
const virtual = new Set(['tmpfs', 'ramfs', 'proc', 'sysfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2', 'overlay']);

/** The ones that SELinux labels by itself. */
const selfLabelled = new Set(['proc', 'sysfs', 'mqueue', 'cgroup', 'cgroup2']);

/**
 * A new file system. Attributes for the whole tree are those of the mount: nothing is below it yet. `writable` leaves
 * a read-only one open until a seal closes it.
 */
export function fsMount(place: MountPlace, setting: MountSetting, writable: boolean): PlanRecord {
  const { mount, options, path, destination } = place;
  const type = mount.type ?? '';
  if (type === '' || type === 'none') throw invalid(`${path}.type`, 'a mount needs a type');
  if (options.idmap !== undefined || mount.uidMappings?.length || mount.gidMappings?.length) {
    throw invalid(`${path}.options`, 'only a bind mount can map ids');
  }
  const isReadonly = (options.set & MOUNT_ATTR.MOUNT_ATTR_RDONLY) !== 0;
  const data = [
    `source=${mount.source ?? type}`,
    ...superblockOptions(options.superblock),
    // A medium that cannot be written is refused otherwise.
    ...(isReadonly && !virtual.has(type) ? ['ro'] : []),
    ...options.data.filter((option) => type !== 'devpts' || isGroupThere(option, setting)),
    ...(selfLabelled.has(type) ? [] : mountLabel(setting.spec, setting.facts)),
  ];
  return inContainer('fs_mount', {
    attributes: options.set & ~(writable ? MOUNT_ATTR.MOUNT_ATTR_RDONLY : 0),
    mode: 0o755,
    type,
    target: destination,
    options: list(data),
  });
}

/** Every template gives terminals to group 5, which the kernel refuses where that group is not mapped. */
function isGroupThere(option: string, { user }: MountSetting): boolean {
  const gid = /^gid=(\d+)$/.exec(option)?.[1];
  return gid === undefined || user === undefined || user.gid.length === 0 || isMapped(user.gid, Number(gid));
}
