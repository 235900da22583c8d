import type { BlockIoSpec, Integer64, ResourcesSpec } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
import type { CgroupLayout } from './layout.ts';
import { sharesBounds } from './weight.ts';

/** Refuses limits that no kernel takes, and those that this version of cgroups has no file for. */
export function checkLimits(layout: CgroupLayout, resources: ResourcesSpec): void {
  numbers('memory', resources.memory ?? {});
  numbers('cpu', resources.cpu ?? {});
  numbers('pids', resources.pids ?? {});
  memory(resources);
  blockIo(resources.blockIO ?? {});
  pageSizes(resources);
  rdmaLimits(resources);
  if (layout.version === 1) onlyV1(resources);
  else onlyV2(resources);
}

function numbers(group: string, values: object): void {
  for (const [name, value] of Object.entries(values)) {
    const isLimit = typeof value === 'bigint' || Number.isSafeInteger(value) || typeof value !== 'number';
    if (!isLimit || ((typeof value === 'number' || typeof value === 'bigint') && value < -1)) {
      throw bad(`${group}.${name}`, `not a limit: ${value}`);
    }
  }
}

function memory({ memory: spec = {} }: ResourcesSpec): void {
  const { limit, swap, swappiness } = spec;
  if (limit !== undefined && swap !== undefined && limit > 0 && swap > 0 && swap < limit) {
    throw bad('memory.swap', 'memory plus swap is below the memory limit');
  }
  if (swappiness !== undefined && swappiness > 100) throw bad('memory.swappiness', `not 0 to 100: ${swappiness}`);
}

function blockIo(spec: BlockIoSpec): void {
  const weight = (field: string, value: number | undefined) => {
    // 0 is "not asked for", as for all limits.
    if (!value || (Number.isInteger(value) && value >= 10 && value <= 1000)) return;
    throw bad(`blockIO.${field}`, `not 10 to 1000: ${value}`);
  };
  weight('weight', spec.weight);
  weight('leafWeight', spec.leafWeight);
  for (const [index, one] of (spec.weightDevice ?? []).entries()) {
    weight(`weightDevice[${index}].weight`, one.weight);
    weight(`weightDevice[${index}].leafWeight`, one.leafWeight);
  }
  const { throttleReadBpsDevice, throttleReadIOPSDevice, throttleWriteBpsDevice, throttleWriteIOPSDevice } = spec;
  const lists = { throttleReadBpsDevice, throttleReadIOPSDevice, throttleWriteBpsDevice, throttleWriteIOPSDevice };
  for (const [name, list] of Object.entries(lists)) {
    for (const [index, { rate }] of (list ?? []).entries()) natural(`blockIO.${name}[${index}].rate`, rate);
  }
}

function pageSizes({ hugepageLimits = [] }: ResourcesSpec): void {
  for (const [index, { pageSize, limit }] of hugepageLimits.entries()) {
    if (!/^[1-9][0-9]*[KMG]B$/.test(pageSize)) {
      throw bad(`hugepageLimits[${index}].pageSize`, `not a page size like 2MB: ${pageSize}`);
    }
    natural(`hugepageLimits[${index}].limit`, limit);
  }
}

function rdmaLimits({ rdma = {} }: ResourcesSpec): void {
  for (const [device, limits] of Object.entries(rdma)) {
    if (device === '' || /\s/.test(device)) throw bad(`rdma.${device}`, 'not the name of a device');
    for (const [name, value] of Object.entries(limits)) natural(`rdma.${device}.${name}`, value);
  }
}

function onlyV1({ unified, cpu = {}, network = {} }: ResourcesSpec): void {
  const [file] = Object.keys(unified ?? {});
  if (file !== undefined) {
    throw bad(`unified["${file}"]`, 'this machine has cgroup v1', 'unified is for cgroup v2: use the fields beside it');
  }
  const { shares } = cpu;
  // The kernel would take the nearest bound without a word.
  if (shares && (shares < sharesBounds.least || shares > sharesBounds.most)) {
    throw bad('cpu.shares', `not ${sharesBounds.least} to ${sharesBounds.most}: ${shares}`);
  }
  for (const [index, { name }] of (network.priorities ?? []).entries()) {
    if (name === '' || /\s/.test(name)) throw bad(`network.priorities[${index}].name`, 'not the name of an interface');
  }
}

function onlyV2({ unified = {}, cpu = {}, network = {}, memory: { limit, swap } = {} }: ResourcesSpec): void {
  const missing = (field: string) => bad(field, 'cgroup v2 has no file for it');
  if (network.classID) throw missing('network.classID');
  if ((network.priorities ?? []).length > 0) throw missing('network.priorities');
  if (cpu.realtimeRuntime) throw missing('cpu.realtimeRuntime');
  if (cpu.realtimePeriod) throw missing('cpu.realtimePeriod');
  // v2 counts swap alone: the sum says nothing without the memory limit.
  if (swap && swap > 0 && !limit) throw bad('memory.swap', 'needs a memory limit as well');
  for (const file of Object.keys(unified)) {
    // cgroup.* files (freeze, kill, type) are the runtime's own.
    if (!/^[a-z][a-z0-9_]*\.[A-Za-z0-9_.]+$/.test(file) || file.startsWith('cgroup.')) {
      throw bad(`unified["${file}"]`, 'not the name of a controller file like memory.high');
    }
  }
}

function natural(field: string, value: Integer64 | undefined): void {
  if (value === undefined || (value >= 0 && (typeof value === 'bigint' || Number.isSafeInteger(value)))) return;
  throw bad(field, `not a limit: ${value}`);
}

const bad = (field: string, message: string, hint?: string) => invalid(`linux.resources.${field}`, message, hint);
