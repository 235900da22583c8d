import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import { unescapeMountPath } from '../compile/mount-path.ts';
import { hierarchyFolder, hierarchyOf } from './layout.ts';
import type { CgroupFeatures, CgroupHierarchy, CgroupLayout } from './layout.ts';

/** Every controller that a v1 hierarchy can have, cgroups(7); all else there is an option. */
const v1Controllers = new Set([
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'net_cls',
  'blkio',
  'perf_event',
  'net_prio',
  'hugetlb',
  'pids',
  'rdma',
  'misc',
]);

/**
 * The layout from the text of /proc/self/mountinfo and, where cgroup2 is mounted, of its
 * `cgroup.controllers`. A machine is v2 when no v1 hierarchy has a controller; a leftover
 * `name=systemd` does not make it v1. Throws `failed_precondition` when nothing is mounted.
 */
export function parseCgroupLayout(mountinfo: string, controllers = ''): CgroupLayout {
  const hierarchies: CgroupHierarchy[] = [];
  const seen = new Set<string>();
  let unified: CgroupMount | undefined;
  for (const mount of cgroupMounts(mountinfo)) {
    if (mount.type === 'cgroup2') unified ??= mount;
    else {
      const hierarchy = hierarchyFrom(mount);
      const key = hierarchy.name ?? hierarchy.controllers.join(',');
      // The same hierarchy may be mounted many times; the first is the one of the host.
      if (key === '' || seen.has(key)) continue;
      seen.add(key);
      hierarchies.push(hierarchy);
    }
  }
  const version = hierarchies.some((one) => one.controllers.length > 0) ? 1 : 2;
  if (version === 2 && unified === undefined) {
    throw new BerthError('failed_precondition', 'no cgroup file system is mounted', {
      code: 'no_cgroups',
      hint: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
    });
  }
  return {
    version,
    hierarchies: version === 1 ? hierarchies : [],
    ...(unified === undefined ? {} : { unified: unified.mountPoint }),
    ...(unified === undefined || unified.root === '/' ? {} : { unifiedRoot: unified.root }),
    controllers: version === 1 ? [] : controllers.split(/\s+/).filter((name) => name !== ''),
  };
}

/**
 * This machine's layout, read from the kernel. `parent` is the cgroup below which containers will
 * be: the values of the nearest one above them that exists are what new v1 cpusets start with.
 */
export function detectCgroups(parent = '/'): CgroupLayout {
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const layout = parseCgroupLayout(mountinfo);
  const features = detectFeatures(layout);
  if (layout.version === 2 && layout.unified !== undefined) {
    const controllers = readFileSync(`${layout.unified}/cgroup.controllers`, 'utf8');
    return { ...parseCgroupLayout(mountinfo, controllers), features };
  }
  return withCpuset({ ...layout, features }, parent);
}

/** The layout with what a new cgroup below `path` starts with. */
export function withCpuset(layout: CgroupLayout, path: string): CgroupLayout {
  const cpuset = readCpuset(layout, path);
  return cpuset === undefined ? layout : { ...layout, cpuset };
}

/**
 * BFQ's weight files are in every cgroup but the root one, so the root does not tell on v2: there the scheduler's
 * presence at any disk does, because they come with the module.
 */
function detectFeatures(layout: CgroupLayout): CgroupFeatures {
  const blkio = hierarchyOf(layout, 'blkio');
  if (layout.version === 1) {
    return { bfq: blkio !== undefined && existsSync(`${blkio.mountPoint}/blkio.bfq.io_service_bytes`) };
  }
  const disks = tolerantList('/sys/block');
  return { bfq: disks.some((disk) => read(`/sys/block/${disk}/queue/scheduler`)?.includes('bfq')) };
}

function tolerantList(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** The nearest existing cpuset at or above `path` that has values; undefined without cpusets. */
export function readCpuset(layout: CgroupLayout, path: string): CgroupLayout['cpuset'] {
  const hierarchy = hierarchyOf(layout, 'cpuset');
  if (hierarchy === undefined) return undefined;
  for (let at = path; ; at = posix.dirname(at)) {
    const folder = hierarchyFolder(hierarchy, at);
    const cpus = read(`${folder}/cpuset.cpus`);
    const mems = read(`${folder}/cpuset.mems`);
    if (cpus && mems) return { path: at, cpus, mems };
    if (at === '/') return undefined;
  }
}

interface CgroupMount {
  readonly type: 'cgroup' | 'cgroup2';
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
}

/** The cgroup lines of mountinfo, proc_pid_mountinfo(5): fields, ` - `, type, source, options. */
function* cgroupMounts(mountinfo: string): Generator<CgroupMount> {
  for (const line of mountinfo.split('\n')) {
    const [fields, tail] = line.split(' - ');
    const [type, , options] = tail?.split(' ') ?? [];
    const [, , , root, mountPoint] = fields?.split(' ') ?? [];
    if (root === undefined || mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    yield {
      type,
      root: unescapeMountPath(root),
      mountPoint: unescapeMountPath(mountPoint),
      options: (options ?? '').split(','),
    };
  }
}

function hierarchyFrom({ mountPoint, root, options }: CgroupMount): CgroupHierarchy {
  const name = options.find((option) => option.startsWith('name='))?.slice('name='.length);
  const controllers = options.filter((option) => v1Controllers.has(option));
  return {
    mountPoint,
    controllers,
    ...(name === undefined ? {} : { name }),
    ...(root === '/' ? {} : { root }),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
