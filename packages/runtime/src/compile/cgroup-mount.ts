import { posix } from 'node:path';
import type { CgroupHierarchy } from '../cgroup/layout.ts';
import { hierarchyFolder, hierarchyOptions } from '../cgroup/layout.ts';
import type { PlanRecord } from '../plan/record.ts';
import { MOUNT_ATTR, MS } from './kernel-flags.ts';
import type { MountOptions } from './mount-option.ts';
import type { MountPlace, MountSetting } from './mount-place.ts';
import { sealRecord } from './seal.ts';
import { inContainer, list } from './step.ts';

/** Records for after the process has joined its cgroup, and those that make the result read-only. */
export interface CgroupMount {
  readonly records: readonly PlanRecord[];
  readonly seal: readonly PlanRecord[];
}

/**
 * The spec's `cgroup` mount as the host's layout wants it. Inside a cgroup namespace each file
 * system shows the container's own subtree by itself, once the process is in it. In the host's
 * namespace the container's folder of each v1 hierarchy is bound, as runc does; on v2 the whole
 * tree is shown then, by a bind where a user namespace may not mount it.
 */
export function cgroupMount(place: MountPlace, setting: MountSetting): CgroupMount {
  const { options, destination } = place;
  const { cgroup } = setting.facts;
  const namespaced = setting.spec.linux.namespaces.some(({ type }) => type === 'cgroup');
  if (cgroup.version === 2) {
    const mayMount = namespaced || setting.user === undefined;
    const mount = mayMount
      ? fileSystem('cgroup2', destination, options, ['source=cgroup'])
      : bind(cgroup.unified ?? '/sys/fs/cgroup', destination, { place, setting });
    return { records: [mount], seal: [] };
  }
  const tmpfs = fileSystem('tmpfs', destination, writable(options), ['source=tmpfs', 'mode=755']);
  const records: PlanRecord[] = [tmpfs];
  for (const hierarchy of cgroup.hierarchies) {
    const target = posix.join(destination, posix.basename(hierarchy.mountPoint));
    const own = hierarchyFolder(hierarchy, setting.facts.cgroupPath);
    records.push(
      namespaced
        ? fileSystem('cgroup', target, options, ['source=cgroup', ...hierarchyOptions(hierarchy)])
        : bind(own, target, { place, setting }),
      ...aliases(hierarchy, destination),
    );
  }
  const readonly = (options.set & MOUNT_ATTR.MOUNT_ATTR_RDONLY) !== 0;
  return { records, seal: readonly ? [sealRecord(destination, options)] : [] };
}

/** `cpu -> cpu,cpuacct` for controllers that are mounted together, as systemd hosts have it. */
function aliases(hierarchy: CgroupHierarchy, destination: string): PlanRecord[] {
  const folder = posix.basename(hierarchy.mountPoint);
  if (hierarchy.controllers.length < 2) return [];
  return hierarchy.controllers
    .filter((controller) => controller !== folder)
    .map((controller) => inContainer('symlink', { target: folder, path: posix.join(destination, controller) }));
}

interface BindInput {
  readonly place: MountPlace;
  readonly setting: MountSetting;
}

function bind(source: string, target: string, { place, setting }: BindInput): PlanRecord {
  const { set, clear } = place.options;
  return setting.trees.bind({
    recursive: 0,
    set,
    clear,
    propagation: MS.MS_PRIVATE,
    recursiveAttributes: 0,
    source,
    target,
    path: place.path,
  });
}

function fileSystem(type: string, target: string, { set }: MountOptions, options: readonly string[]): PlanRecord {
  return inContainer('fs_mount', {
    attributes: set,
    mode: 0o755,
    type,
    target,
    options: list(options),
  });
}

function writable(options: MountOptions): MountOptions {
  return { ...options, set: options.set & ~MOUNT_ATTR.MOUNT_ATTR_RDONLY };
}
