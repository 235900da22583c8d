import type { Integer64, ResourcesSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import { cgroupFolder, hierarchyOf } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** One value for one cgroup file. Soft ones may fail: the kernel may lack the feature. */
export interface CgroupWrite {
  readonly path: string;
  readonly data: string;
  readonly soft?: boolean;
}

/** Bounds of cpu.shares and cpu.weight, kernel Documentation/admin-guide/cgroup-v2.rst. */
const shares = { least: 2, most: 262_144 };

/** The limits of a container as writes to its cgroup files, in the order the kernel wants. */
export function limitWrites(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  check(resources);
  return layout.version === 1 ? v1(layout, path, resources) : v2(layout, path, resources);
}

/**
 * Shares (2 to 262144, default 1024) as a v2 weight (1 to 10000, default 100): the linear formula
 * that Kubernetes' KEP-2254 documents, and runc 1.3 and crun use.
 */
export function weightOfShares(value: number): number {
  const within = Math.min(Math.max(value, shares.least), shares.most);
  return Math.floor(1 + ((within - shares.least) * 9999) / (shares.most - shares.least));
}

function v1(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  const { cpu = {}, pids } = resources;
  const writes: CgroupWrite[] = [];
  const write = (controller: string, file: string, data: Integer64 | string, soft = false) => {
    const mountPoint = hierarchyOf(layout, controller)?.mountPoint;
    // A limit without its controller must not be dropped in silence: the write fails, by name.
    const folder = cgroupFolder(mountPoint ?? `/sys/fs/cgroup/${controller}`, path);
    writes.push({ path: `${folder}/${controller}.${file}`, data: String(data), ...(soft && { soft }) });
  };
  memoryV1(resources.memory ?? {}, (file, data, soft) => write('memory', file, data, soft));
  if (cpu.shares) write('cpu', 'shares', cpu.shares);
  // The period first: the kernel checks a quota against the period of the moment.
  if (cpu.period) write('cpu', 'cfs_period_us', cpu.period);
  if (cpu.quota) write('cpu', 'cfs_quota_us', cpu.quota < 0 ? -1 : cpu.quota);
  if (cpu.cpus) write('cpuset', 'cpus', cpu.cpus);
  if (cpu.mems) write('cpuset', 'mems', cpu.mems);
  if (pids !== undefined) write('pids', 'max', pids.limit > 0 ? pids.limit : 'max');
  return writes;
}

type Memory = NonNullable<ResourcesSpec['memory']>;

function memoryV1(memory: Memory, write: (file: string, data: Integer64, soft?: boolean) => void): void {
  const { limit, swap, reservation, swappiness } = memory;
  // Memory plus swap may never be below memory. A new cgroup has no limits: memory goes first.
  if (limit) write('limit_in_bytes', limit < 0 ? -1 : limit);
  // Swap accounting is a boot option that many kernels have off: then the file is not there.
  if (swap) write('memsw.limit_in_bytes', swap < 0 ? -1 : swap, true);
  if (reservation) write('soft_limit_in_bytes', reservation < 0 ? -1 : reservation);
  if (swappiness !== undefined) write('swappiness', swappiness);
  if (memory.disableOOMKiller) write('oom_control', 1);
}

function v2(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  const { memory = {}, cpu = {}, pids } = resources;
  const folder = cgroupFolder(layout.unified ?? '/sys/fs/cgroup', path);
  const writes: CgroupWrite[] = [];
  const write = (file: string, data: Integer64 | string, soft = false) =>
    writes.push({ path: `${folder}/${file}`, data: String(data), ...(soft && { soft }) });
  if (memory.limit) write('memory.max', orMax(memory.limit));
  const swap = swapMaxV2(memory);
  if (swap !== undefined) write('memory.swap.max', swap, true);
  if (memory.reservation) write('memory.low', orMax(memory.reservation));
  if (cpu.shares) write('cpu.weight', weightOfShares(cpu.shares));
  if (cpu.quota || cpu.period) {
    const quota = cpu.quota && cpu.quota > 0 ? cpu.quota : 'max';
    write('cpu.max', cpu.period ? `${quota} ${cpu.period}` : String(quota));
  }
  if (cpu.cpus) write('cpuset.cpus', cpu.cpus);
  if (cpu.mems) write('cpuset.mems', cpu.mems);
  if (pids !== undefined) write('pids.max', pids.limit > 0 ? pids.limit : 'max');
  return writes;
}

/** The spec counts memory plus swap, v2 counts swap alone (runtime-spec config-linux.md, Memory). */
function swapMaxV2({ limit, swap }: Memory): Integer64 | string | undefined {
  if (!swap) return undefined;
  if (swap < 0) return 'max';
  if (!limit || limit < 0) {
    throw invalid('linux.resources.memory.swap', 'needs a memory limit as well');
  }
  return BigInt(swap) - BigInt(limit);
}

function orMax(value: Integer64): Integer64 | string {
  return value < 0 ? 'max' : value;
}

function check({ memory = {}, cpu = {}, pids }: ResourcesSpec): void {
  const { limit, swap } = memory;
  const numbers = { ...prefixed('memory', memory), ...prefixed('cpu', cpu), 'pids.limit': pids?.limit };
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === 'number' && (!Number.isInteger(value) || value < -1)) {
      throw invalid(`linux.resources.${name}`, `not a limit: ${value}`);
    }
  }
  if (limit !== undefined && swap !== undefined && limit > 0 && swap > 0 && swap < limit) {
    throw invalid('linux.resources.memory.swap', 'memory plus swap is below the memory limit');
  }
}

function prefixed(prefix: string, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]));
}
