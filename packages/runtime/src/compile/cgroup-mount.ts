import { posix } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { CgroupHierarchy } from '../cgroup/layout.ts';
import { cgroupFolder, hierarchyOptions } from '../cgroup/layout.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { HostFacts } from './facts.ts';
import { MOUNT_ATTR, MS } from './kernel-flags.ts';
import type { MountOptions } from './mount-option.ts';
import { sealRecord } from './seal.ts';
import { inContainer, list } from './step.ts';

/** Records for after the process has joined its cgroup, and those that make the result read-only. */
export interface CgroupMount {
  readonly records: readonly PlanRecord[];
  readonly seal: readonly PlanRecord[];
}

interface CgroupMountInput {
  readonly destination: string;
  readonly options: MountOptions;
  readonly spec: RuntimeSpec;
  readonly facts: HostFacts;
}

/**
 * The spec's `cgroup` mount as the host's layout wants it. Inside a cgroup namespace each file
 * system shows the container's own subtree by itself, once the process is in it. In the host's
 * namespace the container's folder of each v1 hierarchy is bound, as runc does; on v2 the whole
 * tree is shown then.
 */
export function cgroupMount(input: CgroupMountInput): CgroupMount {
  const { spec, facts, options, destination } = input;
  const namespaced = spec.linux.namespaces.some(({ type }) => type === 'cgroup');
  if (facts.cgroup.version === 2) {
    const mount = fileSystem('cgroup2', destination, options, ['source=cgroup']);
    return { records: [mount], seal: [] };
  }
  const tmpfs = fileSystem('tmpfs', destination, writable(options), ['source=tmpfs', 'mode=755']);
  const records: PlanRecord[] = [tmpfs];
  for (const hierarchy of facts.cgroup.hierarchies) {
    const target = posix.join(destination, posix.basename(hierarchy.mountPoint));
    records.push(
      namespaced
        ? fileSystem('cgroup', target, options, ['source=cgroup', ...hierarchyOptions(hierarchy)])
        : bindOwnFolder(hierarchy, target, input),
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

function bindOwnFolder(hierarchy: CgroupHierarchy, target: string, { options, facts }: CgroupMountInput): PlanRecord {
  return inContainer('bind_mount', {
    recursive: 0,
    set: options.set,
    clear: options.clear,
    propagation: MS.MS_PRIVATE,
    recursiveAttributes: 0,
    source: cgroupFolder(hierarchy.mountPoint, facts.cgroupPath),
    target,
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
