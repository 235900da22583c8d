import type { ResourcesSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from './layout.ts';
import { checkLimits } from './limit-check.ts';
import { limitsV1 } from './limit-v1.ts';
import { limitsV2 } from './limit-v2.ts';

/** One value for one cgroup file. */
export interface CgroupWrite {
  readonly path: string;
  readonly data: string;
  /** The JSON path of the field that asks for it, `linux.resources.memory.limit`; absent when nobody asked. */
  readonly field?: string;
  /** May fail: the kernel may lack the feature, and the container is right without it. */
  readonly soft?: boolean;
}

/**
 * All limits of a container as writes to its cgroup files, in the order in which a new cgroup takes them. Device rules
 * are not among them (./device-rule.ts). Throws `invalid_argument` with the JSON path for a value that no kernel takes,
 * and for one that this machine's cgroup version cannot express.
 */
export function limitWrites(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  checkLimits(layout, resources);
  return layout.version === 1 ? limitsV1(layout, path, resources) : limitsV2(layout, path, resources);
}

/** The field that a record's cgroup file stands for, to name it when the kernel refuses the write. */
export function fieldOfWrite(writes: readonly CgroupWrite[], path: string, data?: string): string | undefined {
  const same = writes.filter((write) => write.path === path);
  return (same.find((write) => write.data === data) ?? same.at(-1))?.field;
}
