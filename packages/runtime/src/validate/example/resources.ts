import { pages } from './example.ts';
import type { BadSpec } from './example.ts';

/** Limits. */
export const badResources: readonly BadSpec[] = [
  [
    'spec.device_rule_access',
    'linux.resources.devices[0].access',
    { 'linux.resources.devices': [{ allow: true, access: 'rx' }] },
  ],
  [
    'spec.device_rule_number',
    'linux.resources.devices[0].minor',
    { 'linux.resources.devices': [{ allow: true, type: 'c', minor: -2 }] },
  ],
  ['spec.memory_negative', 'linux.resources.memory.limit', { 'linux.resources.memory': { limit: -2 } }],
  ['spec.memory_swap_below_limit', 'linux.resources.memory.swap', { 'linux.resources.memory': { limit: 10, swap: 5 } }],
  [
    'spec.memory_swap_with_unlimited',
    'linux.resources.memory.swap',
    { 'linux.resources.memory': { limit: -1, swap: 5 } },
  ],
  [
    'spec.memory_swappiness_range',
    'linux.resources.memory.swappiness',
    { 'linux.resources.memory': { swappiness: 101 } },
  ],
  ['spec.hugepage_size', 'linux.resources.hugepageLimits[0].pageSize', pages('2MiB')],
  ['spec.hugepage_size', 'linux.resources.hugepageLimits[0].pageSize', pages('3MB')],
  ['spec.hugepage_duplicate', 'linux.resources.hugepageLimits[1].pageSize', pages('2MB', '2048KB')],
  ['spec.cpu_period_range', 'linux.resources.cpu.period', { 'linux.resources.cpu': { period: 999 } }],
  ['spec.cpu_quota_range', 'linux.resources.cpu.quota', { 'linux.resources.cpu': { quota: 999 } }],
  ['spec.cpu_quota_range', 'linux.resources.cpu.quota', { 'linux.resources.cpu': { quota: -2 } }],
  ['spec.cpu_burst_above_quota', 'linux.resources.cpu.burst', { 'linux.resources.cpu': { quota: 5000, burst: 5001 } }],
  [
    'spec.cpu_realtime_runtime',
    'linux.resources.cpu.realtimeRuntime',
    { 'linux.resources.cpu': { realtimeRuntime: 9, realtimePeriod: 8 } },
  ],
  ['spec.cpu_idle_range', 'linux.resources.cpu.idle', { 'linux.resources.cpu': { idle: 2 } }],
  ['spec.cpuset_list', 'linux.resources.cpu.cpus', { 'linux.resources.cpu': { cpus: '3-1' } }],
  ['spec.cpuset_list', 'linux.resources.cpu.cpus', { 'linux.resources.cpu': { cpus: '0-7:3/2' } }],
  ['spec.cpuset_list', 'linux.resources.cpu.mems', { 'linux.resources.cpu': { mems: '0;1' } }],
  ['spec.pids_limit_range', 'linux.resources.pids.limit', { 'linux.resources.pids': { limit: -2 } }],
  ['spec.block_weight_range', 'linux.resources.blockIO.weight', { 'linux.resources.blockIO': { weight: 9 } }],
  [
    'spec.block_weight_range',
    'linux.resources.blockIO.weightDevice[0].leafWeight',
    { 'linux.resources.blockIO': { weightDevice: [{ major: 8, minor: 0, leafWeight: 1001 }] } },
  ],
  [
    'spec.block_weight_missing',
    'linux.resources.blockIO.weightDevice[0]',
    { 'linux.resources.blockIO': { weightDevice: [{ major: 8, minor: 0 }] } },
  ],
  [
    'spec.block_device_number',
    'linux.resources.blockIO.throttleWriteIOPSDevice[0].major',
    { 'linux.resources.blockIO': { throttleWriteIOPSDevice: [{ major: -8, minor: 0, rate: 5 }] } },
  ],
  [
    'spec.network_priority_name',
    'linux.resources.network.priorities[0].name',
    { 'linux.resources.network': { priorities: [{ name: 'eth 0', priority: 1 }] } },
  ],
  ['spec.rdma_limit_missing', 'linux.resources.rdma.mlx5_1', { 'linux.resources.rdma': { mlx5_1: {} } }],
  ['spec.rdma_device_name', 'linux.resources.rdma["a b"]', { 'linux.resources.rdma': { 'a b': { hcaObjects: 1 } } }],
  [
    'spec.unified_key',
    'linux.resources.unified["../memory.max"]',
    { 'linux.resources.unified': { '../memory.max': '1' } },
  ],
  ['spec.unified_key', 'linux.resources.unified.memory', { 'linux.resources.unified': { memory: '1' } }],
  [
    'spec.unified_process_file',
    'linux.resources.unified["cgroup.procs"]',
    { 'linux.resources.unified': { 'cgroup.procs': '1' } },
  ],
];
