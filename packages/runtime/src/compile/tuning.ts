import type {
  IoPrioritySpec,
  LinuxSpec,
  MemoryPolicySpec,
  ProcessSpec,
  SchedulerSpec,
} from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { parseNumberSet } from './number-set.ts';
import { inContainer } from './step.ts';

/** linux/sched.h. */
export const schedulerPolicies: Readonly<Record<string, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

export const schedulerFlags: Readonly<Record<string, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x1,
  SCHED_FLAG_RECLAIM: 0x2,
  SCHED_FLAG_DL_OVERRUN: 0x4,
  SCHED_FLAG_KEEP_POLICY: 0x8,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

/** linux/ioprio.h. */
export const ioPriorityClasses: Readonly<Record<string, number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};

/** linux/mempolicy.h. */
export const memoryPolicyModes: Readonly<Record<string, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

export const memoryPolicyFlags: Readonly<Record<string, number>> = {
  MPOL_F_NUMA_BALANCING: 0x2000,
  MPOL_F_RELATIVE_NODES: 0x4000,
  MPOL_F_STATIC_NODES: 0x8000,
};

/** PER_ of linux/personality.h. */
const personas = { LINUX: 0, LINUX32: 8 } as const;

/** struct sched_attr as of its first version, sched_setattr(2). */
const schedulerSize = 48;

/**
 * How the kernel is to treat the process: personality, memory, processors, disks. While the process still has all its
 * capabilities: real-time classes and a lower nice value need some.
 */
export function tuningRecords(
  process: ProcessSpec,
  linux: Pick<LinuxSpec, 'personality' | 'memoryPolicy'>,
): PlanRecord[] {
  const { scheduler, ioPriority } = process;
  return [
    ...(linux.personality === undefined ? [] : [personality(linux.personality)]),
    ...(linux.memoryPolicy === undefined ? [] : [memoryPolicy(linux.memoryPolicy)]),
    ...(scheduler === undefined ? [] : [inContainer('scheduler', { attributes: schedulerAttributes(scheduler) })]),
    ...(ioPriority === undefined ? [] : [inContainer('io_priority', { priority: ioPriorityValue(ioPriority) })]),
  ];
}

/** Moves the process to these processors, `0-3,7`; nothing when there is no list. */
export function affinityRecords(list: string | undefined, path: string): PlanRecord[] {
  return list ? [inContainer('cpu_affinity', { cpus: parseNumberSet(list, path).mask })] : [];
}

function personality({ domain, flags = [] }: NonNullable<LinuxSpec['personality']>): PlanRecord {
  if (!Object.hasOwn(personas, domain)) throw invalid('linux.personality.domain', `unknown domain ${domain}`);
  // The spec knows none, and runc takes none.
  if (flags.length > 0) throw invalid('linux.personality.flags', `unknown flag ${flags[0]}`);
  return inContainer('personality', { persona: personas[domain] });
}

function memoryPolicy({ mode, nodes, flags = [] }: MemoryPolicySpec): PlanRecord {
  const bits = flags.map((flag, index) => number(memoryPolicyFlags, flag, `linux.memoryPolicy.flags[${index}]`));
  const value = bits.reduce((sum, bit) => sum | bit, number(memoryPolicyModes, mode, 'linux.memoryPolicy.mode'));
  if (!nodes) return inContainer('memory_policy', { mode: value, maxNode: 0, nodes: new Uint8Array() });
  const { mask, end } = parseNumberSet(nodes, 'linux.memoryPolicy.nodes');
  // The kernel takes one bit less than it is told of.
  return inContainer('memory_policy', { mode: value, maxNode: end + 1, nodes: mask });
}

function schedulerAttributes(scheduler: SchedulerSpec): Uint8Array {
  const { policy, nice = 0, priority = 0, flags = [], runtime = 0, deadline = 0, period = 0 } = scheduler;
  const bits = flags.map((flag, index) => number(schedulerFlags, flag, `process.scheduler.flags[${index}]`));
  const view = new DataView(new ArrayBuffer(schedulerSize));
  view.setUint32(0, schedulerSize, true);
  view.setUint32(4, number(schedulerPolicies, policy, 'process.scheduler.policy'), true);
  view.setBigUint64(8, BigInt(bits.reduce((sum, bit) => sum | bit, 0)), true);
  view.setInt32(16, nice, true);
  view.setUint32(20, priority, true);
  [runtime, deadline, period].forEach((value, index) => view.setBigUint64(24 + 8 * index, BigInt(value), true));
  return new Uint8Array(view.buffer);
}

function ioPriorityValue({ class: name, priority = 0 }: IoPrioritySpec): number {
  const value = number(ioPriorityClasses, name, 'process.ioPriority.class');
  if (!Number.isInteger(priority) || priority < 0 || priority > 7) {
    throw invalid('process.ioPriority.priority', `not 0 to 7: ${priority}`);
  }
  return (value << 13) | priority;
}

function number(table: Readonly<Record<string, number>>, name: string, path: string): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined;
  if (value === undefined) throw invalid(path, `unknown name ${name}`);
  return value;
}
