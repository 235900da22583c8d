import type { BlockIoSpec, CpuSpec, Integer64, MemorySpec, ResourcesSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from './layout.ts';
import type { CgroupWrite } from './limit.ts';
import { rdma } from './limit-v1.ts';
import { limitOf, limitWriter } from './limit-writer.ts';
import type { LimitWriter } from './limit-writer.ts';
import { ioWeightOf, weightOfShares } from './weight.ts';

/**
 * The files of kernel Documentation/admin-guide/cgroup-v2.rst. Fields that v2 has no file for and that engines send all
 * the same (kernel memory, swappiness, the OOM killer's switch) are passed over, as runc does; what a user must have
 * meant (network classes, real time) was refused by `checkLimits`.
 */
export function limitsV2(layout: CgroupLayout, path: string, resources: ResourcesSpec): CgroupWrite[] {
  const { pids } = resources;
  const to = limitWriter(layout, path);
  memory(resources.memory ?? {}, to);
  cpu(resources.cpu ?? {}, to);
  if (pids !== undefined) to.write('pids.max', 'pids.limit', pids.limit < 0 ? 'max' : pids.limit);
  blockIo(resources.blockIO ?? {}, to, layout.features?.bfq ?? false);
  for (const [index, { pageSize, limit }] of (resources.hugepageLimits ?? []).entries()) {
    const field = `hugepageLimits[${index}].limit`;
    to.write(`hugetlb.${pageSize}.max`, field, limit);
    to.soft(`hugetlb.${pageSize}.rsvd.max`, field, limit);
  }
  rdma(resources.rdma ?? {}, to);
  // Last: who names a file means that file, whatever the fields above say.
  for (const [file, value] of Object.entries(resources.unified ?? {})) {
    for (const line of value.trim().split('\n')) to.write(file, `unified["${file}"]`, line.trim());
  }
  return [...to.writes];
}

function memory(spec: MemorySpec, to: LimitWriter): void {
  const limit = limitOf(spec.limit, 'max');
  if (limit !== undefined) to.write('memory.max', 'memory.limit', limit);
  const swap = swapMaxOf(spec);
  if (swap !== undefined) to.soft('memory.swap.max', 'memory.swap', swap);
  const reservation = limitOf(spec.reservation, 'max');
  if (reservation !== undefined) to.write('memory.low', 'memory.reservation', reservation);
}

/** The spec counts memory plus swap, v2 counts swap alone (config-linux.md "Memory"). */
export function swapMaxOf({ limit, swap }: MemorySpec): Integer64 | 'max' | undefined {
  // As on v1: unlimited memory without a word about swap is unlimited swap too.
  if (!swap) return limit !== undefined && limit < 0 ? 'max' : undefined;
  if (swap < 0) return 'max';
  if (!limit || limit < 0) return swap;
  return BigInt(swap) - BigInt(limit);
}

function cpu(spec: CpuSpec, to: LimitWriter): void {
  // The kernel refuses a weight for an idle group, and forgets the weight when it becomes idle.
  if (spec.idle !== undefined) to.write('cpu.idle', 'cpu.idle', spec.idle);
  if (spec.shares && spec.idle !== 1) to.write('cpu.weight', 'cpu.shares', weightOfShares(spec.shares));
  if (spec.quota || spec.period) {
    const quota = limitOf(spec.quota, 'max') ?? 'max';
    const field = spec.quota ? 'cpu.quota' : 'cpu.period';
    to.write('cpu.max', field, spec.period ? `${quota} ${spec.period}` : quota);
  }
  if (spec.burst !== undefined) to.write('cpu.max.burst', 'cpu.burst', spec.burst);
  if (spec.cpus) to.write('cpuset.cpus', 'cpu.cpus', spec.cpus);
  if (spec.mems) to.write('cpuset.mems', 'cpu.mems', spec.mems);
}

const throttles = [
  ['throttleReadBpsDevice', 'rbps'],
  ['throttleWriteBpsDevice', 'wbps'],
  ['throttleReadIOPSDevice', 'riops'],
  ['throttleWriteIOPSDevice', 'wiops'],
] as const;

/** BFQ takes the spec's weights as they are; io.weight (io.cost) has another scale. */
function blockIo(spec: BlockIoSpec, to: LimitWriter, bfq: boolean): void {
  const file = bfq ? 'io.bfq.weight' : 'io.weight';
  const scaled = (weight: number) => (bfq ? weight : ioWeightOf(weight));
  if (spec.weight) to.write(file, 'blockIO.weight', scaled(spec.weight));
  for (const [index, { major, minor, weight }] of (spec.weightDevice ?? []).entries()) {
    if (weight) to.write(file, `blockIO.weightDevice[${index}].weight`, `${major}:${minor} ${scaled(weight)}`);
  }
  for (const [name, key] of throttles) {
    for (const [index, { major, minor, rate }] of (spec[name] ?? []).entries()) {
      const limit = limitOf(rate, 'max') ?? 'max';
      to.write('io.max', `blockIO.${name}[${index}].rate`, `${major}:${minor} ${key}=${limit}`);
    }
  }
}
