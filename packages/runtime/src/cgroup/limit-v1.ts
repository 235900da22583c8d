import type { BlockIoSpec, CpuSpec, MemorySpec, ResourcesSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from './layout.ts';
import type { CgroupWrite } from './limit.ts';
import { limitOf, limitWriter } from './limit-writer.ts';
import type { LimitWriter } from './limit-writer.ts';

/** The files of kernel Documentation/admin-guide/cgroup-v1. */
export function limitsV1(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  const { pids, network = {} } = resources;
  const to = limitWriter(layout, path);
  memory(resources.memory ?? {}, to);
  cpu(resources.cpu ?? {}, to);
  if (pids !== undefined) to.write('pids.max', 'pids.limit', pids.limit < 0 ? 'max' : pids.limit);
  blockIo(resources.blockIO ?? {}, to, layout.features?.bfq ? 'bfq.' : '');
  for (const [index, { pageSize, limit }] of (resources.hugepageLimits ?? []).entries()) {
    const field = `hugepageLimits[${index}].limit`;
    to.write(`hugetlb.${pageSize}.limit_in_bytes`, field, limit);
    // Counts when a page is reserved, not when it is touched; since Linux 5.7.
    to.soft(`hugetlb.${pageSize}.rsvd.limit_in_bytes`, field, limit);
  }
  if (network.classID) to.write('net_cls.classid', 'network.classID', network.classID);
  for (const [index, { name, priority }] of (network.priorities ?? []).entries()) {
    to.write('net_prio.ifpriomap', `network.priorities[${index}]`, `${name} ${priority}`);
  }
  rdma(resources.rdma ?? {}, to);
  return [...to.writes];
}

function memory(spec: MemorySpec, to: LimitWriter): void {
  const limit = limitOf(spec.limit, '-1');
  // Without a word about swap, unlimited memory is unlimited swap too: else the old sum would stay the limit.
  const swap = limitOf(spec.swap, '-1') ?? (limit === '-1' ? '-1' : undefined);
  // Only an empty cgroup takes it, and new kernels have it always on.
  if (spec.useHierarchy) to.soft('memory.use_hierarchy', 'memory.useHierarchy', 1);
  // Memory plus swap may never be below memory. A new cgroup has no limits: memory goes first.
  if (limit !== undefined) to.write('memory.limit_in_bytes', 'memory.limit', limit);
  // Swap accounting is a boot option that many kernels have off: then the file is not there.
  if (swap !== undefined) to.soft('memory.memsw.limit_in_bytes', 'memory.swap', swap);
  const reservation = limitOf(spec.reservation, '-1');
  if (reservation !== undefined) to.write('memory.soft_limit_in_bytes', 'memory.reservation', reservation);
  // Deprecated; kernels since 5.16 refuse the first, and runc does not even try.
  const kernel = limitOf(spec.kernel, '-1');
  if (kernel !== undefined) to.soft('memory.kmem.limit_in_bytes', 'memory.kernel', kernel);
  const tcp = limitOf(spec.kernelTCP, '-1');
  if (tcp !== undefined) to.soft('memory.kmem.tcp.limit_in_bytes', 'memory.kernelTCP', tcp);
  if (spec.disableOOMKiller) to.write('memory.oom_control', 'memory.disableOOMKiller', 1);
  // -1 is "leave it", docker's word.
  if (spec.swappiness !== undefined && spec.swappiness >= 0) {
    to.write('memory.swappiness', 'memory.swappiness', spec.swappiness);
  }
}

function cpu(spec: CpuSpec, to: LimitWriter): void {
  if (spec.shares) to.write('cpu.shares', 'cpu.shares', spec.shares);
  // The period first: the kernel checks a quota against the period of the moment, and a burst against the quota.
  if (spec.period) to.write('cpu.cfs_period_us', 'cpu.period', spec.period);
  const quota = limitOf(spec.quota, '-1');
  if (quota !== undefined) to.write('cpu.cfs_quota_us', 'cpu.quota', quota);
  if (spec.burst !== undefined) to.write('cpu.cfs_burst_us', 'cpu.burst', spec.burst);
  if (spec.idle !== undefined) to.write('cpu.idle', 'cpu.idle', spec.idle);
  if (spec.realtimePeriod) to.write('cpu.rt_period_us', 'cpu.realtimePeriod', spec.realtimePeriod);
  if (spec.realtimeRuntime) to.write('cpu.rt_runtime_us', 'cpu.realtimeRuntime', spec.realtimeRuntime);
  if (spec.cpus) to.write('cpuset.cpus', 'cpu.cpus', spec.cpus);
  if (spec.mems) to.write('cpuset.mems', 'cpu.mems', spec.mems);
}

const throttles = [
  ['throttleReadBpsDevice', 'read_bps_device'],
  ['throttleWriteBpsDevice', 'write_bps_device'],
  ['throttleReadIOPSDevice', 'read_iops_device'],
  ['throttleWriteIOPSDevice', 'write_iops_device'],
] as const;

function blockIo(spec: BlockIoSpec, to: LimitWriter, scheduler: '' | 'bfq.'): void {
  if (spec.weight) to.write(`blkio.${scheduler}weight`, 'blockIO.weight', spec.weight);
  if (spec.leafWeight) to.write('blkio.leaf_weight', 'blockIO.leafWeight', spec.leafWeight);
  for (const [index, { major, minor, weight, leafWeight }] of (spec.weightDevice ?? []).entries()) {
    const field = `blockIO.weightDevice[${index}]`;
    if (weight) to.write(`blkio.${scheduler}weight_device`, `${field}.weight`, `${major}:${minor} ${weight}`);
    if (leafWeight) to.write('blkio.leaf_weight_device', `${field}.leafWeight`, `${major}:${minor} ${leafWeight}`);
  }
  for (const [name, file] of throttles) {
    for (const [index, { major, minor, rate }] of (spec[name] ?? []).entries()) {
      to.write(`blkio.throttle.${file}`, `blockIO.${name}[${index}].rate`, `${major}:${minor} ${rate}`);
    }
  }
}

/** The same file in v1 and v2, kernel Documentation/admin-guide/cgroup-v1/rdma.rst. */
export function rdma(spec: NonNullable<ResourcesSpec['rdma']>, to: LimitWriter): void {
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(spec)) {
    const limits = [
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ];
    if (limits.length > 0) to.write('rdma.max', `rdma.${device}`, [device, ...limits].join(' '));
  }
}
