/** One mounted cgroup v1 hierarchy. */
export interface CgroupHierarchy {
  /** Where the host has it, `/sys/fs/cgroup/cpu,cpuacct`. */
  readonly mountPoint: string;
  /** Its controllers, `['cpu', 'cpuacct']`; empty for a named hierarchy. */
  readonly controllers: readonly string[];
  /** `systemd` for `name=systemd`. */
  readonly name?: string;
  /** The cgroup that the mount point shows: `/docker/4f1c` in a container with the host's cgroup namespace. Default `/`. */
  readonly root?: string;
  /**
   * The cgroup below `mountPoint` that container paths start from: where the runtime itself is, for a relative
   * `cgroupsPath`. Default: the mount point.
   */
  readonly base?: string;
}

/**
 * How this machine's cgroups are laid out. `v1` holds for hybrid machines too: their controllers
 * are all in v1 hierarchies, and the `unified` one has none.
 */
export interface CgroupLayout {
  readonly version: 1 | 2;
  /** The v1 hierarchies in mount order; empty on v2. */
  readonly hierarchies: readonly CgroupHierarchy[];
  /** Where cgroup2 is mounted, if it is: `/sys/fs/cgroup`, or `/sys/fs/cgroup/unified` on hybrid. */
  readonly unified?: string;
  /** As `root` of a v1 hierarchy. */
  readonly unifiedRoot?: string;
  /** Controllers that can be used on v2. */
  readonly controllers: readonly string[];
  /**
   * The cpus and memory nodes of the nearest existing ancestor `path` of the containers' cgroups.
   * A new v1 cpuset is born empty and takes no process until both are written.
   */
  readonly cpuset?: { readonly path: string; readonly cpus: string; readonly mems: string };
  readonly features?: CgroupFeatures;
}

/** What kernels differ in and no record can try for itself. Absent is no. */
export interface CgroupFeatures {
  /** The BFQ scheduler has weights of its own, `io.bfq.weight`, with the spec's own scale. */
  readonly bfq?: boolean;
}

/** The hierarchy that has a controller, undefined where there is none. */
export function hierarchyOf(layout: CgroupLayout, controller: string): CgroupHierarchy | undefined {
  return layout.hierarchies.find((hierarchy) => hierarchy.controllers.includes(controller));
}

/** What to give as the hierarchy's mount options: its controllers or its name. */
export function hierarchyOptions(hierarchy: CgroupHierarchy): string[] {
  return hierarchy.name === undefined ? [...hierarchy.controllers] : ['none', `name=${hierarchy.name}`];
}

/** Where a container's cgroup is below a mount point. */
export function cgroupFolder(mountPoint: string, cgroupPath: string): string {
  return cgroupPath === '/' ? mountPoint : `${mountPoint}${cgroupPath}`;
}

/** Where a container's cgroup is in one v1 hierarchy. */
export function hierarchyFolder({ mountPoint, base = '' }: CgroupHierarchy, cgroupPath: string): string {
  return cgroupFolder(`${mountPoint}${base}`, cgroupPath);
}

/** Where a container's cgroup is on v2. */
export function unifiedFolder(layout: CgroupLayout, cgroupPath: string): string {
  return cgroupFolder(layout.unified ?? '/sys/fs/cgroup', cgroupPath);
}

/**
 * A file of a container's cgroup by its full name, `memory.max`. On v1 the part before the dot is the controller; one
 * that is not mounted gives a path that is not there, so that the limit fails by name and is not dropped in silence.
 */
export function cgroupFile(layout: CgroupLayout, cgroupPath: string, file: string): string {
  if (layout.version === 2) return `${unifiedFolder(layout, cgroupPath)}/${file}`;
  const controller = file.slice(0, file.indexOf('.'));
  const hierarchy = hierarchyOf(layout, controller) ?? { mountPoint: `/sys/fs/cgroup/${controller}`, controllers: [] };
  return `${hierarchyFolder(hierarchy, cgroupPath)}/${file}`;
}

/** Every folder that is the container's cgroup: one a v1 hierarchy, or the one of v2. */
export function cgroupFolders(layout: CgroupLayout, cgroupPath: string): string[] {
  if (layout.version === 2) return [unifiedFolder(layout, cgroupPath)];
  return layout.hierarchies.map((hierarchy) => hierarchyFolder(hierarchy, cgroupPath));
}

/** As `cgroupFolders`, and the one of cgroup2 beside v1: runc and crun make it on hybrid machines, and leave it. */
export function everyCgroupFolder(layout: CgroupLayout, cgroupPath: string): string[] {
  const folders = cgroupFolders(layout, cgroupPath);
  return layout.version === 2 || layout.unified === undefined
    ? folders
    : [...folders, unifiedFolder(layout, cgroupPath)];
}
