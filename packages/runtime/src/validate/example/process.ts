import { realTime, rlimit } from './example.ts';
import type { BadSpec } from './example.ts';

/** Processes. */
export const badProcesses: readonly BadSpec[] = [
  ['spec.program_empty', 'process.args[0]', { 'process.args': [''] }],
  ['spec.cwd_relative', 'process.cwd', { 'process.cwd': 'srv' }],
  ['spec.cwd_relative', 'process.cwd', { 'process.cwd': '' }],
  ['spec.env_malformed', 'process.env[1]', { 'process.env': ['A=b', 'PATH'] }],
  ['spec.env_malformed', 'process.env[0]', { 'process.env': ['=b'] }],
  ['spec.oom_score_range', 'process.oomScoreAdj', { 'process.oomScoreAdj': -1001 }],
  ['spec.user_id_reserved', 'process.user.uid', { 'process.user': { uid: 2 ** 32 - 1, gid: 0 } }],
  ['spec.user_id_reserved', 'process.user.additionalGids[1]', { 'process.user': { additionalGids: [1, 2 ** 32 - 1] } }],
  ['spec.umask_range', 'process.user.umask', { 'process.user': { umask: 0o1000 } }],
  [
    'spec.capability_not_permitted',
    'process.capabilities.effective[0]',
    { 'process.capabilities': { effective: ['CAP_KILL'] } },
  ],
  ['spec.rlimit_unknown', 'process.rlimits[0].type', { 'process.rlimits': [{ type: 'RLIMIT_X', soft: 1, hard: 1 }] }],
  [
    'spec.rlimit_unknown',
    'process.rlimits[0].type',
    { 'process.rlimits': [{ type: 'constructor', soft: 1, hard: 1 }] },
  ],
  ['spec.rlimit_duplicate', 'process.rlimits[1].type', { 'process.rlimits': [rlimit(1, 1), rlimit(2, 2)] }],
  ['spec.rlimit_soft_above_hard', 'process.rlimits[0].soft', { 'process.rlimits': [rlimit(2n ** 64n - 1n, 1)] }],
  ['spec.cpu_affinity_list', 'process.execCPUAffinity.initial', { 'process.execCPUAffinity': { initial: '0-1,' } }],
  ['spec.cpu_affinity_list', 'process.execCPUAffinity.initial', { 'process.execCPUAffinity': { initial: '0-7:1/2' } }],
  ['spec.cpu_affinity_list', 'process.execCPUAffinity.final', { 'process.execCPUAffinity': { final: 'all' } }],
  ['spec.scheduler_policy_unavailable', 'process.scheduler.policy', { 'process.scheduler': { policy: 'SCHED_ISO' } }],
  ['spec.scheduler_nice_range', 'process.scheduler.nice', { 'process.scheduler': { policy: 'SCHED_BATCH', nice: 20 } }],
  [
    'spec.scheduler_priority_unused',
    'process.scheduler.priority',
    { 'process.scheduler': { policy: 'SCHED_OTHER', priority: 1 } },
  ],
  ['spec.scheduler_priority_range', 'process.scheduler.priority', { 'process.scheduler': realTime({ priority: 100 }) }],
  ['spec.scheduler_priority_range', 'process.scheduler.priority', { 'process.scheduler': { policy: 'SCHED_RR' } }],
  ['spec.scheduler_deadline_unused', 'process.scheduler.runtime', { 'process.scheduler': realTime({ runtime: 9999 }) }],
  ['spec.scheduler_deadline_order', 'process.scheduler.runtime', { 'process.scheduler': { policy: 'SCHED_DEADLINE' } }],
  [
    'spec.scheduler_deadline_order',
    'process.scheduler.deadline',
    { 'process.scheduler': { policy: 'SCHED_DEADLINE', runtime: 5000, deadline: 4000 } },
  ],
  [
    'spec.scheduler_deadline_order',
    'process.scheduler.period',
    { 'process.scheduler': { policy: 'SCHED_DEADLINE', runtime: 5000, deadline: 6000, period: 5500 } },
  ],
  [
    'spec.io_priority_range',
    'process.ioPriority.priority',
    { 'process.ioPriority': { class: 'IOPRIO_CLASS_BE', priority: 8 } },
  ],
];
